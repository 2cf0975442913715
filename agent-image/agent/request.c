#define _GNU_SOURCE
#include "request.h"

#include "places.h"
#include "search.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NAME_MAX_BYTES 255

#define WORDS_MAX ((size_t)4 << 20)
#define NAMES_MAX ((size_t)64 << 10)
#define VARIABLES_MAX 8192
#define ARGUMENTS_MAX 4096
#define FILES_MAX 1024
#define DIRECTORIES_MAX 64

extern char **environ;

/* Variables, arguments, paths: many of them secret. On pages of their own, to be given back. */
static _Alignas(65536) char words[WORDS_MAX];
static size_t words_size;

static struct {
    char *variables[VARIABLES_MAX];
    size_t variable_count;
    char *arguments[ARGUMENTS_MAX + 3];
    size_t argument_count;
    char *handed[DIRECTORIES_MAX];
    size_t handed_count;
    char *directory;
    uid_t uid;
    gid_t gid;
    bool has_user;
    bool has_script;
    bool has_channel;
    bool begun;
    bool input_ended;
    char fault[1024];
} next;

/* The files of the step live as long as the step does. */
static struct {
    char names[NAMES_MAX];
    size_t names_size;
    char *list[FILES_MAX];
    size_t count;
} files;

static char shell[4096];
static const char *image_path;
static char own_directory[256];

static bool is_program(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode) && access(path, X_OK) == 0;
}

static bool find_shell(const char *name, const char *list) {
    while (list != NULL) {
        list = search_next(list, name, shell, sizeof shell);
        if (shell[0] == '/' && is_program(shell))
            return true;
    }
    shell[0] = '\0';
    return false;
}

/* Empty where it cannot be told: then commands that lie beside the agent need their path. */
static void find_own_directory(void) {
    ssize_t n = readlink("/proc/self/exe", own_directory, sizeof own_directory);
    bool is_whole = n > 0 && (size_t)n < sizeof own_directory;
    own_directory[is_whole ? n : 0] = '\0';
    char *slash = strrchr(own_directory, '/');
    if (slash != NULL)
        *slash = '\0';
}

void request_init(void) {
    find_own_directory();
    image_path = search_list(getenv("PATH"));
    (void)(find_shell("bash", image_path) || find_shell("bash", "/bin:/usr/bin") ||
           find_shell("sh", image_path) || find_shell("sh", "/bin:/usr/bin"));
}

const char *request_shell(void) { return shell; }

void request_fault(const char *format, ...) {
    if (next.fault[0] != '\0')
        return; /* the first fault is the cause of the others */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(next.fault, sizeof next.fault, format, arguments);
    va_end(arguments);
}

const char *request_faulted(void) { return next.fault[0] != '\0' ? next.fault : NULL; }

void request_forget(void) {
    madvise(words, WORDS_MAX, MADV_DONTNEED);
    words_size = next.variable_count = next.argument_count = next.handed_count = 0;
    next.directory = NULL;
    next.has_script = next.has_channel = next.has_user = next.begun = next.input_ended = false;
    next.fault[0] = '\0';
}

static const char *file_path(const char *name) {
    static char path[sizeof SECRETS_DIR + NAME_MAX_BYTES + 1];
    snprintf(path, sizeof path, "%s/%s", SECRETS_DIR, name);
    return path;
}

void request_remove_files(void) {
    for (size_t i = 0; i < files.count; i++)
        (void)unlink(file_path(files.list[i]));
    files.count = files.names_size = 0;
    (void)unlink(SCRIPT);
}

/* Keeps a word as a C string; NULL after noting the fault. */
static char *keep(const char *what, const char *bytes, size_t size) {
    if (memchr(bytes, '\0', size) != NULL) {
        request_fault("%s holds a NUL byte", what);
        return NULL;
    }
    if (WORDS_MAX - words_size < size + 1) {
        request_fault("variables, arguments and paths of the step are more than %zu bytes",
                      WORDS_MAX);
        return NULL;
    }
    char *word = words + words_size;
    memcpy(word, bytes, size);
    word[size] = '\0';
    words_size += size + 1;
    return word;
}

static void keep_in(char **list, size_t *count, size_t max, const char *what, const char *bytes,
                    size_t size) {
    if (*count == max) {
        request_fault("more than %zu of: %s", max, what);
        return;
    }
    char *word = keep(what, bytes, size);
    if (word != NULL)
        list[(*count)++] = word;
}

static void prepare_variable(const char *payload, size_t size) {
    const char *equals = memchr(payload, '=', size);
    if (equals == NULL || equals == payload) {
        request_fault("a variable must be NAME=value");
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

/* The engine mounts a tmpfs there; a volume that the image declares may lie over it, behind a link. */
static bool is_in_memory(int fd) {
    struct statfs s;
    return PLACES_FS == 0 || (fstatfs(fd, &s) == 0 && s.f_type == PLACES_FS);
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
        request_fault("%s cannot be created: %s", path, strerror(errno));
        return;
    }
    if (!is_in_memory(fd)) {
        (void)unlink(path);
        request_fault("%.*s is not in memory: something lies over it, such as a VOLUME of the "
                      "image; use an image without one there",
                      (int)(strrchr(path, '/') - path), path);
    } else if (!write_all(fd, bytes, size)) {
        request_fault("%s cannot be written: %s", path, strerror(errno));
    }
    close(fd);
}

/* Keeps the name; false when it is one of a file of this step. */
static bool is_new_file(const char *name, size_t length) {
    for (size_t i = 0; i < files.count; i++)
        if (strcmp(files.list[i], name) == 0)
            return false;
    if (files.count == FILES_MAX || NAMES_MAX - files.names_size < length + 1) {
        request_fault("more than %d files, or their names are more than %zu bytes", FILES_MAX,
                      NAMES_MAX);
        return true;
    }
    char *kept = files.names + files.names_size;
    memcpy(kept, name, length + 1);
    files.names_size += length + 1;
    files.list[files.count++] = kept;
    return true;
}

static void prepare_file(const char *payload, size_t size) {
    const char *end = memchr(payload, '\0', size);
    size_t length = end == NULL ? 0 : (size_t)(end - payload);
    if (length == 0 || length > NAME_MAX_BYTES || memchr(payload, '/', length) != NULL ||
        strcmp(payload, ".") == 0 || strcmp(payload, "..") == 0) {
        request_fault("a file's name must be 1 to 255 bytes without a slash, and not . or ..");
        return;
    }
    bool is_new = is_new_file(payload, length);
    if (request_faulted() == NULL)
        append_to_file(file_path(payload), is_new, end + 1, size - length - 1);
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
    request_fault("a user must be uid:gid in decimal");
}

static void prepare_directory(const char *payload, size_t size) {
    char *path = keep("the working directory", payload, size);
    if (path != NULL && path[0] != '/')
        request_fault("the working directory must be an absolute path, got %s", path);
    next.directory = path;
}

void request_prepare(char type, const char *payload, size_t size) {
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
    case 'C':
        next.has_channel = true;
        break;
    case 'A':
        keep_in(next.arguments, &next.argument_count, ARGUMENTS_MAX, "arguments", payload, size);
        break;
    default:
        request_fault("frame '%c' prepares nothing", type);
    }
}

void request_end_input(void) {
    /* Before the next step has been mentioned it is the last one's, and late. */
    next.input_ended = next.begun;
}

static bool give(int fd, const char *path, mode_t mode) {
    struct stat s;
    if (fd < 0 || fstat(fd, &s) != 0) {
        request_fault("%s cannot be opened: %s", path, strerror(errno));
        return false;
    }
    /* The mode first: after the change of owner it would take one more capability. */
    if ((s.st_mode & 07777) != mode && fchmod(fd, mode) != 0) {
        request_fault("%s cannot get mode %04o: %s", path, (unsigned)mode, strerror(errno));
        return false;
    }
    if ((s.st_uid != next.uid || s.st_gid != next.gid) && fchown(fd, next.uid, next.gid) != 0) {
        request_fault("%s cannot be given to %u:%u: %s", path, next.uid, next.gid, strerror(errno));
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
    for (size_t i = 0; i < files.count; i++)
        give_path(file_path(files.list[i]), 0, S_IRUSR);
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
            request_fault("the working directory %s cannot be created: %s", path, strerror(errno));
        if (slash != NULL)
            *slash = '/';
    } while (slash != NULL && request_faulted() == NULL);
}

/* The list with the agent's own directory behind it, where nothing of the image is hidden by it. */
static char *with_own_directory(char *path) {
    size_t size = strlen(path) + 1 + strlen(own_directory) + 1;
    if (WORDS_MAX - words_size < size) {
        request_fault("no room for PATH with %s in it", own_directory);
        return path;
    }
    char *longer = words + words_size;
    snprintf(longer, size, "%s:%s", path, own_directory);
    words_size += size;
    return longer;
}

/* The image's environment with the step's variables in place of those of the same name. */
static char **merged_environment(void) {
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
            request_fault("more than %d variables, the image's included", VARIABLES_MAX);
            break;
        }
        merged[at] = next.variables[v];
        if (at == count)
            count++;
    }
    merged[count] = NULL;
    for (size_t i = 0; i < count; i++)
        if (strncmp(merged[i], "PATH=", 5) == 0 && merged[i][5] != '\0' && own_directory[0] == '/')
            merged[i] = with_own_directory(merged[i]);
    return merged;
}

static char **completed_arguments(void) {
    static char script[] = SCRIPT;
    if (next.has_script && shell[0] == '\0')
        request_fault(
            "no shell: looked for bash and sh in PATH=%s, /bin and /usr/bin; use an image with a "
            "shell",
            image_path);
    if (next.has_script) {
        next.arguments[next.argument_count++] = shell;
        next.arguments[next.argument_count++] = script;
    }
    if (next.argument_count == 0)
        request_fault("nothing to run: neither a script nor a program was sent");
    next.arguments[next.argument_count] = NULL;
    return next.arguments;
}

static void check_user(void) {
    if (!next.has_user) {
        next.uid = geteuid();
        next.gid = getegid();
    } else if (geteuid() != 0 && (next.uid != geteuid() || next.gid != getegid())) {
        request_fault(
            "the step's user is %u:%u, but the container's is %u:%u and only root can change it",
            next.uid, next.gid, geteuid(), getegid());
    }
}

bool request_complete(struct request *request) {
    check_user();
    request->arguments = completed_arguments();
    request->environment = merged_environment();
    request->directory = next.directory;
    request->uid = next.uid;
    request->gid = next.gid;
    request->input_ended = next.input_ended;
    request->has_channel = next.has_channel;
    if (request_faulted() == NULL)
        give_files();
    if (request_faulted() == NULL && next.directory != NULL)
        make_directory(next.directory);
    return request_faulted() == NULL;
}
