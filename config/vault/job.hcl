# What every job's token needs beside its secrets: to be kept alive, with its leases, while the job runs.
# "mayfly vault bootstrap" adds the paths that the pool allows.
path "auth/token/renew-self" { capabilities = ["update"] }
path "sys/leases/renew" { capabilities = ["update"] }
