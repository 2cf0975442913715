/* Tries, from a step, what would reach the agent's memory or descriptors. Prints one line a try:
 * its name and "refused" or "DONE". First argument: the process to attack. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static void tell(const char *name, long result) {
    printf("%s %s\n", name, result < 0 ? "refused" : "DONE");
}

static long try_open(const char *format, int pid, int flags) {
    char path[64];
    snprintf(path, sizeof path, format, pid);
    int fd = open(path, flags);
    char byte;
    /* Some of these can be opened by anybody and refuse when they are read. */
    return fd < 0 ? -1 : flags == O_RDONLY ? read(fd, &byte, 1) - 1 : 0;
}

int main(int count, char **arguments) {
    int pid = count > 1 ? atoi(arguments[1]) : 1;
    char byte, link[64], path[64];
    tell("environ", try_open("/proc/%d/environ", pid, O_RDONLY));
    tell("mem", try_open("/proc/%d/mem", pid, O_RDWR));
    tell("auxv", try_open("/proc/%d/auxv", pid, O_RDONLY));
    tell("fd0", try_open("/proc/%d/fd/0", pid, O_RDONLY | O_NONBLOCK));
    tell("fd1", try_open("/proc/%d/fd/1", pid, O_WRONLY | O_NONBLOCK));
    snprintf(path, sizeof path, "/proc/%d/fd/1", pid);
    tell("fdlink", readlink(path, link, sizeof link));
    tell("maps", try_open("/proc/%d/maps", pid, O_RDONLY));
    struct iovec here = {&byte, 1}, there = {(void *)0x1000, 1};
    tell("vm_read", process_vm_readv(pid, &here, 1, &there, 1, 0));
    long pidfd = syscall(SYS_pidfd_open, pid, 0);
    tell("getfd", pidfd < 0 ? -1 : syscall(SYS_pidfd_getfd, (int)pidfd, 0, 0));
    tell("seize", ptrace(PTRACE_SEIZE, pid, 0, 0));
    tell("attach", ptrace(PTRACE_ATTACH, pid, 0, 0));
    return 0;
}
