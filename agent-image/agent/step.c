#define _GNU_SOURCE
#include "step.h"

#include "stream.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECRETS_DIR
#define SECRETS_DIR "/run/secrets"
#endif
#ifndef SCRIPT_DIR
#define SCRIPT_DIR "/run/mayfly"
#endif
#define SCRIPT SCRIPT_DIR "/script"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define KILL_LIMIT_MS 10000
#define KILL_PAUSE_MS 20
#define SURVIVOR_OUTPUT_MAX ((size_t)1 << 20)
#define STEP_OOM_SCORE "500"
#define FRAMES_AT_ONCE 16
#define REAPED_AT_ONCE 256

#define WORDS_MAX ((size_t)4 << 20)
#define NAMES_MAX ((size_t)64 << 10)
#define VARIABLES_MAX 8192
#define ARGUMENTS_MAX 4096
#define FILES_MAX 1024
#define DIRECTORIES_MAX 64

/* PROTOCOL.md names this bound. */
#define INPUT_MAX ((size_t)4 << 20)

extern char **environ;

/* What has been said about the next step. The words hold secrets: they are given back to the
 * kernel, which wipes them, as soon as the step's process has its copy. */
static struct {
    char *words;
    size_t words_size;
    char *variables[VARIABLES_MAX + 1];
    size_t variable_count;
    char *arguments[ARGUMENTS_MAX + 3];
    size_t argument_count;
    char *handed[DIRECTORIES_MAX];
    size_t handed_count;
    char *directory;
    bool has_script;
    bool has_user;
    bool begun;
    bool input_ended;
    uid_t uid;
    gid_t gid;
    char fault[1024];
} next;

/* The files of the step live as long as the step does. */
static struct {
    char names[NAMES_MAX];
    size_t names_size;
    char *list[FILES_MAX];
    size_t count;
} files;

static enum { IDLE, RUNNING, KILLING, DRAINING } phase;
static pid_t main_process;
static int exit_code;
static bool main_ended;
static bool more_to_reap;
static long oom_before;
static int survivors;
static size_t drained;
static int64_t kill_until;
static int output = -1;

/* Standard input of the step, a ring. */
static struct {
    int fd;
    unsigned char *ring;
    size_t start, used;
    bool ended;
} input = {.fd = -1};

static char shell[4096];
static const char *image_path;
static int oom_score_fd = -1;
static char original_oom_score[16];

int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ------------------------------------------------------------------ before the first step */

static bool is_init(void) { return getpid() == 1; }

static bool is_program(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode) && access(path, X_OK) == 0;
}

/* Writes "directory/name" for the first part of a PATH-like list and returns the rest, or NULL at
 * the end. An empty part means the current directory, as for every shell. */
static const char *next_candidate(const char *list, const char *name, char *out, size_t size) {
    size_t length = strcspn(list, ":");
    const char *separator = length > 0 ? "/" : "./";
    if ((size_t)snprintf(out, size, "%.*s%s%s", (int)length, list, separator, name) >= size)
        out[0] = '\0';
    return list[length] == ':' ? list + length + 1 : NULL;
}

static bool find_shell(const char *name, const char *list) {
    while (list != NULL) {
        list = next_candidate(list, name, shell, sizeof shell);
        if (shell[0] == '/' && is_program(shell))
            return true;
    }
    shell[0] = '\0';
    return false;
}

static void *pages(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        static const char text[] = "mayfly-agent: no memory for the buffers\n";
        (void)!write(STDERR_FILENO, text, sizeof text - 1);
        _exit(EXIT_FAILURE);
    }
    return memory;
}

void step_init(void) {
    next.words = pages(WORDS_MAX);
    input.ring = pages(INPUT_MAX);
    /* Process 1 gets every orphan; any other agent has to ask for its step's. */
    if (!is_init())
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    image_path = getenv("PATH");
    if (image_path == NULL || image_path[0] == '\0')
        image_path = DEFAULT_PATH;
    (void)(find_shell("bash", image_path) || find_shell("bash", "/bin:/usr/bin") ||
           find_shell("sh", image_path) || find_shell("sh", "/bin:/usr/bin"));
}

const char *step_shell(void) { return shell; }

/* Opened before the process stops being dumpable: after that the file belongs to root. */
void step_keep_oom_score(void) {
    oom_score_fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
    if (oom_score_fd < 0)
        return;
    ssize_t n = read(oom_score_fd, original_oom_score, sizeof original_oom_score - 1);
    if (n <= 0) {
        close(oom_score_fd);
        oom_score_fd = -1;
    }
}

/* ------------------------------------------------------------------ what a step is given */

static void __attribute__((format(printf, 1, 2))) fault(const char *format, ...) {
    if (next.fault[0] != '\0')
        return; /* the first fault is the cause of the others */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(next.fault, sizeof next.fault, format, arguments);
    va_end(arguments);
}

static void forget_request(void) {
    madvise(next.words, WORDS_MAX, MADV_DONTNEED);
    next.words_size = next.variable_count = next.argument_count = next.handed_count = 0;
    next.directory = NULL;
    next.has_script = next.has_user = next.begun = next.input_ended = false;
    next.fault[0] = '\0';
}

static void remove_files(void) {
    for (size_t i = 0; i < files.count; i++) {
        char path[sizeof SECRETS_DIR + 256];
        snprintf(path, sizeof path, "%s/%s", SECRETS_DIR, files.list[i]);
        (void)unlink(path);
    }
    files.count = files.names_size = 0;
    (void)unlink(SCRIPT);
}

/* Keeps a word as a C string; NULL after noting the fault. */
static char *keep(const char *what, const char *bytes, size_t size) {
    if (memchr(bytes, '\0', size) != NULL) {
        fault("%s holds a NUL byte", what);
        return NULL;
    }
    if (WORDS_MAX - next.words_size < size + 1) {
        fault("variables, arguments and paths of the step are more than %zu bytes", WORDS_MAX);
        return NULL;
    }
    char *word = next.words + next.words_size;
    memcpy(word, bytes, size);
    word[size] = '\0';
    next.words_size += size + 1;
    return word;
}

static void keep_in(char **list, size_t *count, size_t max, const char *what, const char *bytes,
                    size_t size) {
    if (*count == max) {
        fault("more than %zu of: %s", max, what);
        return;
    }
    char *word = keep(what, bytes, size);
    if (word != NULL)
        list[(*count)++] = word;
}

static void prepare_variable(const char *payload, size_t size) {
    const char *equals = memchr(payload, '=', size);
    if (equals == NULL || equals == payload) {
        fault("a variable must be NAME=value");
        return;
    }
    keep_in(next.variables, &next.variable_count, VARIABLES_MAX, "variables", payload, size);
}

static bool write_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* Nobody but the agent runs between steps, so what lies at this name was left by an earlier step,
 * and is removed rather than followed or refused. */
static void append_to_file(const char *path, bool is_new, const char *bytes, size_t size) {
    int flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
    if (is_new) {
        (void)unlink(path);
        flags |= O_CREAT | O_EXCL;
    }
    int fd = open(path, flags, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        fault("%s cannot be created: %s", path, strerror(errno));
        return;
    }
    if (!write_all(fd, bytes, size))
        fault("%s cannot be written: %s", path, strerror(errno));
    close(fd);
}

static void prepare_file(const char *payload, size_t size) {
    const char *end = memchr(payload, '\0', size);
    size_t length = end == NULL ? 0 : (size_t)(end - payload);
    if (length == 0 || length > 255 || memchr(payload, '/', length) != NULL ||
        strcmp(payload, ".") == 0 || strcmp(payload, "..") == 0) {
        fault("a file's name must be 1 to 255 bytes without a slash, and not . or ..");
        return;
    }
    char path[sizeof SECRETS_DIR + 256];
    snprintf(path, sizeof path, "%s/%s", SECRETS_DIR, payload);
    bool is_new = true;
    for (size_t i = 0; i < files.count && is_new; i++)
        is_new = strcmp(files.list[i], payload) != 0;
    if (is_new) {
        if (files.count == FILES_MAX || NAMES_MAX - files.names_size < length + 1) {
            fault("more than %d files, or their names are more than %zu bytes", FILES_MAX,
                  NAMES_MAX);
            return;
        }
        char *name = files.names + files.names_size;
        memcpy(name, payload, length + 1);
        files.names_size += length + 1;
        files.list[files.count++] = name;
    }
    append_to_file(path, is_new, end + 1, size - length - 1);
}

static void prepare_script(const char *payload, size_t size) {
    append_to_file(SCRIPT, !next.has_script, payload, size);
    next.has_script = true;
}

static bool parse_id(const char **text, char end, unsigned long *id) {
    if (**text < '0' || **text > '9')
        return false;
    char *rest;
    errno = 0;
    *id = strtoul(*text, &rest, 10);
    if (errno != 0 || *rest != end || *id >= UINT32_MAX)
        return false;
    *text = rest + 1;
    return true;
}

static void prepare_user(const char *payload, size_t size) {
    char text[32];
    unsigned long uid, gid;
    const char *rest = text;
    if (size < sizeof text && memchr(payload, '\0', size) == NULL) {
        memcpy(text, payload, size);
        text[size] = '\0';
        if (parse_id(&rest, ':', &uid) && parse_id(&rest, '\0', &gid)) {
            next.uid = (uid_t)uid;
            next.gid = (gid_t)gid;
            next.has_user = true;
            return;
        }
    }
    fault("a user must be uid:gid in decimal");
}

static void prepare_directory(const char *payload, size_t size) {
    char *path = keep("the working directory", payload, size);
    if (path != NULL && path[0] != '/')
        fault("the working directory must be an absolute path, got %s", path);
    next.directory = path;
}

void step_prepare(char type, const char *payload, size_t size) {
    next.begun = true;
    switch (type) {
    case 'V':
        prepare_variable(payload, size);
        break;
    case 'F':
        prepare_file(payload, size);
        break;
    case 'U':
        prepare_user(payload, size);
        break;
    case 'W':
        prepare_directory(payload, size);
        break;
    case 'O':
        keep_in(next.handed, &next.handed_count, DIRECTORIES_MAX, "directories to hand over",
                payload, size);
        break;
    case 'P':
        prepare_script(payload, size);
        break;
    case 'A':
        keep_in(next.arguments, &next.argument_count, ARGUMENTS_MAX, "arguments", payload, size);
        break;
    default:
        fault("frame '%c' prepares nothing", type);
    }
}

/* ------------------------------------------------------------------ starting */

static bool give(int fd, const char *path, mode_t mode) {
    struct stat s;
    if (fd < 0 || fstat(fd, &s) != 0) {
        fault("%s cannot be opened: %s", path, strerror(errno));
        return false;
    }
    /* The mode first: after the change of owner it would take one more capability. */
    if ((s.st_mode & 07777) != mode && fchmod(fd, mode) != 0) {
        fault("%s cannot get mode %04o: %s", path, (unsigned)mode, strerror(errno));
        return false;
    }
    if ((s.st_uid != next.uid || s.st_gid != next.gid) && fchown(fd, next.uid, next.gid) != 0) {
        fault("%s cannot be given to %u:%u: %s", path, next.uid, next.gid, strerror(errno));
        return false;
    }
    return true;
}

static void give_path(const char *path, int kind, mode_t mode) {
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | kind);
    (void)give(fd, path, mode);
    if (fd >= 0)
        close(fd);
}

static void give_files(void) {
    for (size_t i = 0; i < files.count; i++) {
        char path[sizeof SECRETS_DIR + 256];
        snprintf(path, sizeof path, "%s/%s", SECRETS_DIR, files.list[i]);
        give_path(path, 0, S_IRUSR);
    }
    if (next.has_script)
        give_path(SCRIPT, 0, S_IRUSR | S_IXUSR);
    for (size_t i = 0; i < next.handed_count; i++)
        give_path(next.handed[i], O_DIRECTORY, 0755);
}

/* Creates each missing directory of the path, as the step's user's. */
static void make_directory(char *path) {
    char *slash = path;
    do {
        slash = strchr(slash + 1, '/');
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(path, 0755) == 0)
            give_path(path, O_DIRECTORY, 0755);
        else if (errno != EEXIST)
            fault("the working directory %s cannot be created: %s", path, strerror(errno));
        if (slash != NULL)
            *slash = '/';
    } while (slash != NULL && next.fault[0] == '\0');
}

static const char *variable_value(char *const *environment, const char *name) {
    size_t length = strlen(name);
    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

/* The image's environment with the step's variables in place of those of the same name. */
static char **step_environment(void) {
    static char *merged[VARIABLES_MAX + 1];
    size_t count = 0;
    for (char **e = environ; *e != NULL && count < VARIABLES_MAX; e++)
        merged[count++] = *e;
    for (size_t v = 0; v < next.variable_count; v++) {
        size_t name = strcspn(next.variables[v], "=") + 1;
        size_t at = 0;
        while (at < count && strncmp(merged[at], next.variables[v], name) != 0)
            at++;
        if (at == VARIABLES_MAX) {
            fault("more than %d variables, the image's included", VARIABLES_MAX);
            break;
        }
        merged[at] = next.variables[v];
        if (at == count)
            count++;
    }
    merged[count] = NULL;
    return merged;
}

static char **step_arguments(void) {
    static char script[] = SCRIPT;
    if (next.has_script && shell[0] == '\0')
        fault("no shell: looked for bash and sh in PATH=%s, /bin and /usr/bin; use an image with a "
              "shell",
              image_path);
    if (next.has_script) {
        next.arguments[next.argument_count++] = shell;
        next.arguments[next.argument_count++] = script;
    }
    if (next.argument_count == 0)
        fault("nothing to run: neither a script nor a program was sent");
    next.arguments[next.argument_count] = NULL;
    return next.arguments;
}

/* What a child tells its parent when it did not get as far as the program. */
struct failure {
    char tried[256];
    int error;
};

static _Noreturn void give_up(int report, int error, const char *tried, const char *on) {
    struct failure failure = {.error = error};
    snprintf(failure.tried, sizeof failure.tried, "%s%s", tried, on);
    (void)!write(report, &failure, sizeof failure);
    _exit(127);
}

static void close_from(unsigned first) {
    if (syscall(SYS_close_range, first, ~0U, 0) == 0)
        return;
    long limit = sysconf(_SC_OPEN_MAX); /* an older kernel, or a seccomp profile without the call */
    for (long fd = first; fd < (limit < 0 || limit > 65536 ? 65536 : limit); fd++)
        close((int)fd);
}

static void default_signals(void) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void execute(char **arguments, char **environment, int report) {
    if (strchr(arguments[0], '/') != NULL) {
        execve(arguments[0], arguments, environment);
        give_up(report, errno, "execute ", arguments[0]);
    }
    const char *list = variable_value(environment, "PATH");
    if (list == NULL || list[0] == '\0')
        list = DEFAULT_PATH;
    int error = ENOENT;
    while (list != NULL) {
        char candidate[4096];
        list = next_candidate(list, arguments[0], candidate, sizeof candidate);
        execve(candidate, arguments, environment);
        /* Not found here: look on, but an unusable one found is the better thing to report. */
        if (errno != ENOENT && errno != ENOTDIR && error == ENOENT)
            error = errno;
    }
    give_up(report, error, "execute, looking in PATH, ", arguments[0]);
}

static _Noreturn void become_step(char **arguments, char **environment, int in, int out,
                                  int report) {
    if (setsid() < 0)
        give_up(report, errno, "begin a session", "");
    default_signals();
    umask(022);
    /* The agent's own ends are above 2, so none is overwritten before it is copied. */
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        give_up(report, errno, "set up standard input and output", "");
    if (report != 3) {
        if (dup3(report, 3, O_CLOEXEC) < 0)
            give_up(report, errno, "set up the report of the start", "");
        report = 3;
    }
    close_from(4);
    if (next.uid != geteuid() || next.gid != getegid()) {
        if (setgroups(1, &next.gid) != 0)
            give_up(report, errno, "set the groups of the step's user", "");
        if (setresgid(next.gid, next.gid, next.gid) != 0)
            give_up(report, errno, "set the group of the step's user", "");
        if (setresuid(next.uid, next.uid, next.uid) != 0)
            give_up(report, errno, "become the step's user", "");
    }
    if (next.directory != NULL && chdir(next.directory) != 0)
        give_up(report, errno, "change to ", next.directory);
    execute(arguments, environment, report);
}

/* How often the kernel has killed for memory in this container; 0 where it does not say. */
static long oom_kills(void) {
    static const char *const sources[] = {"/sys/fs/cgroup/memory.events",
                                          "/sys/fs/cgroup/memory/memory.oom_control"};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        int fd = open(sources[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        char text[1024];
        ssize_t n = read(fd, text, sizeof text - 1);
        close(fd);
        text[n > 0 ? n : 0] = '\0';
        for (char *line = text; line != NULL; line = strchr(line, '\n')) {
            line += *line == '\n';
            if (strncmp(line, "oom_kill ", 9) == 0)
                return strtol(line + 9, NULL, 10);
        }
    }
    return 0;
}

/* The score is inherited, so the agent takes the step's for the moment of the fork: a child that
 * cannot be traced cannot open its own file. Lowering it back to what it was needs no privilege. */
static pid_t fork_with_oom_score(void) {
    if (oom_score_fd >= 0)
        (void)!pwrite(oom_score_fd, STEP_OOM_SCORE, sizeof STEP_OOM_SCORE - 1, 0);
    pid_t pid = fork();
    int error = errno;
    if (pid != 0 && oom_score_fd >= 0)
        (void)!pwrite(oom_score_fd, original_oom_score, strlen(original_oom_score), 0);
    errno = error;
    return pid;
}

static void close_fd(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void fork_step(char **arguments, char **environment) {
    int in[2] = {-1, -1}, out[2] = {-1, -1}, report[2] = {-1, -1};
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0) {
        fault("no pipe for the step: %s", strerror(errno));
        goto done;
    }
    pid_t pid = fork_with_oom_score();
    if (pid < 0) {
        fault("no process for the step: %s", strerror(errno));
        goto done;
    }
    if (pid == 0)
        become_step(arguments, environment, in[0], out[1], report[1]);
    close_fd(&report[1]);
    struct failure failure;
    ssize_t n;
    do
        n = read(report[0], &failure, sizeof failure);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sizeof failure) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        fault("could not %s: %s", failure.tried, strerror(failure.error));
        goto done;
    }
    main_process = pid;
    output = out[0];
    input.fd = in[1];
    (void)fcntl(output, F_SETFL, O_NONBLOCK);
    (void)fcntl(input.fd, F_SETFL, O_NONBLOCK);
    out[0] = in[1] = -1;
done:
    for (int end = 0; end < 2; end++) {
        close_fd(&in[end]);
        close_fd(&out[end]);
        close_fd(&report[end]);
    }
}

static void close_input(void) {
    close_fd(&input.fd);
    if (input.used > 0 || input.start > 0)
        madvise(input.ring, INPUT_MAX, MADV_DONTNEED);
    input.start = input.used = 0;
}

static void pump_input(void) {
    while (input.fd >= 0 && input.used > 0) {
        size_t run = INPUT_MAX - input.start < input.used ? INPUT_MAX - input.start : input.used;
        ssize_t n = write(input.fd, input.ring + input.start, run);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            close_input(); /* nobody reads it any more */
            return;
        }
        input.start = (input.start + (size_t)n) % INPUT_MAX;
        input.used -= (size_t)n;
    }
    if (input.fd >= 0 && input.ended)
        close_input();
}

void step_end_input(void) {
    if (phase == IDLE) {
        /* Before the next step has been mentioned it is the last one's, and late. */
        next.input_ended = next.begun;
        return;
    }
    input.ended = true;
    pump_input();
}

bool step_start(void) {
    if (!next.has_user) {
        next.uid = geteuid();
        next.gid = getegid();
    } else if (geteuid() != 0 && (next.uid != geteuid() || next.gid != getegid())) {
        fault("the step's user is %u:%u, but the container's is %u:%u and only root can change it",
              next.uid, next.gid, geteuid(), getegid());
    }
    char **arguments = step_arguments();
    char **environment = step_environment();
    if (next.fault[0] == '\0')
        give_files();
    if (next.fault[0] == '\0' && next.directory != NULL)
        make_directory(next.directory);
    if (next.fault[0] == '\0') {
        oom_before = oom_kills();
        fork_step(arguments, environment);
    }
    if (next.fault[0] != '\0') {
        stream_answer('E', "%s", next.fault);
        remove_files();
        forget_request();
        return false;
    }
    input.ended = next.input_ended;
    main_ended = false;
    survivors = 0;
    drained = 0;
    phase = RUNNING;
    forget_request();
    pump_input();
    return true;
}

bool step_is_active(void) { return phase != IDLE; }

/* ------------------------------------------------------------------ running */

bool step_feed(const unsigned char *bytes, size_t size) {
    if (phase != RUNNING || input.fd < 0 || input.ended)
        return true; /* the step has ended or closed its input: as with a closed pipe, it is lost */
    if (INPUT_MAX - input.used < size)
        return false;
    while (size > 0) {
        size_t at = (input.start + input.used) % INPUT_MAX;
        size_t run = INPUT_MAX - at < size ? INPUT_MAX - at : size;
        memcpy(input.ring + at, bytes, run);
        input.used += run;
        bytes += run;
        size -= run;
    }
    return true;
}

/* Process 1 may signal "every process": its container holds the step and nothing else. Anywhere
 * else that would be the whole machine, so an agent that is not process 1, as in a test, signals
 * the step's own process group, and what has left it survives, and is counted. */
static void signal_step(int number) {
    pid_t target = is_init() ? -1 : -main_process;
    if (is_init() || main_process > 1)
        (void)kill(target, number);
}

void step_signal(int number) {
    if (phase == RUNNING)
        signal_step(number);
}

/* Reaps those who have ended, but some only at once: a step can make orphans for ever. False when
 * nobody is left. */
static bool reap(void) {
    more_to_reap = false;
    for (int turn = 0;; turn++) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid == 0)
            return true;
        if (pid < 0)
            break;
        if (pid == main_process && !main_ended) {
            main_ended = true;
            exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
        if (turn == REAPED_AT_ONCE) {
            more_to_reap = true;
            return true;
        }
    }
    return false;
}

static int count_survivors(void) {
    if (!is_init())
        return 1;
    DIR *processes = opendir("/proc");
    if (processes == NULL)
        return 1;
    int count = 0;
    struct dirent *entry;
    while ((entry = readdir(processes)) != NULL)
        count += entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && strcmp(entry->d_name, "1") != 0;
    closedir(processes);
    return count > 0 ? count : 1;
}

static void finish(void) {
    close_fd(&output);
    close_input();
    remove_files();
    main_process = 0;
    phase = IDLE;
    long oom = oom_kills() - oom_before;
    if (survivors > 0)
        stream_answer('X', "code=%d oom=%ld survivors=%d", exit_code, oom, survivors);
    else
        stream_answer('X', "code=%d oom=%ld", exit_code, oom);
}

/* One frame at a time, and only when the one before has been written; not for ever, since the
 * daemon and the children have to be heard in between. */
static void forward_output(void) {
    for (int turn = 0; turn < FRAMES_AT_ONCE && output >= 0 && stream_is_flushed(); turn++) {
        ssize_t n = stream_forward(output);
        if (n > 0) {
            drained += phase == DRAINING ? (size_t)n : 0;
            if (!stream_flush())
                return;
        }
        if (n == 0)
            close_fd(&output);
        /* When all writers are dead the pipe ends; where one could not be killed it never does. */
        if (phase == DRAINING && (n <= 0 || (survivors > 0 && drained > SURVIVOR_OUTPUT_MAX)))
            finish();
        if (n < 0)
            return;
    }
    if (phase == DRAINING && output < 0)
        finish();
}

void step_advance(void) {
    bool alive = reap();
    if (phase == RUNNING) {
        pump_input();
        if (main_ended) {
            phase = KILLING;
            kill_until = now_ms() + KILL_LIMIT_MS;
            close_input();
            signal_step(SIGKILL);
            alive = reap();
        }
    } else if (phase == KILLING && alive) {
        signal_step(SIGKILL);
        alive = reap();
    }
    if (phase == KILLING) {
        if (!alive) {
            phase = DRAINING;
        } else if (now_ms() >= kill_until) {
            survivors = count_survivors();
            phase = DRAINING;
        }
    }
    forward_output();
}

int step_output_fd(void) { return stream_is_flushed() ? output : -1; }

int step_input_fd(void) { return input.used > 0 ? input.fd : -1; }

int step_timeout_ms(void) {
    if (more_to_reap || (phase == DRAINING && stream_is_flushed()))
        return 0;
    return phase == KILLING ? KILL_PAUSE_MS : -1;
}

void step_abandon(void) {
    if (phase != IDLE)
        signal_step(SIGKILL);
    remove_files();
}
