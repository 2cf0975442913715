/* Looking for a program in the directories of a PATH. */
#ifndef MAYFLY_SEARCH_H
#define MAYFLY_SEARCH_H

#include <stddef.h>

/* The list to search: PATH's value, or a default where it is NULL or empty. */
const char *search_list(const char *path);

/* Writes "directory/name" for the first directory of the list, or the empty string when that is
 * longer than `size`, and returns the rest of the list, NULL at the end. An empty entry means the
 * current directory, as for every shell. */
const char *search_next(const char *list, const char *name, char *candidate, size_t size);

#endif
