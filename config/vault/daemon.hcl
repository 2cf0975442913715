# What Mayfly's daemon may do: know and renew itself, and take back what jobs were given. It reads no secret.
# "mayfly vault bootstrap" adds one line for each pool: the token role through which it makes tokens for jobs.
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
path "auth/token/lookup-accessor" { capabilities = ["update"] }
path "auth/token/revoke-accessor" { capabilities = ["update"] }
path "sys/leases/lookup" { capabilities = ["update"] }
path "sys/leases/revoke" { capabilities = ["update"] }
# What "mayfly doctor" asks: whether all this is so.
path "sys/capabilities-self" { capabilities = ["update"] }
