#ifndef TALLY_H
#define TALLY_H

#include <stddef.h>

/* Counts how often each word was added. */
struct tally;

struct entry {
    const char *word;
    size_t count;
};

struct tally *tally_new(void);
void tally_free(struct tally *t);

/* Adds one occurrence. Returns 0, or -1 without memory; the tally is then as before. */
int tally_add(struct tally *t, const char *word, size_t length);

/* Different words seen so far. */
size_t tally_size(const struct tally *t);

/* All words, the most frequent first, equal ones by name. The caller frees the array, not the words.
 * NULL without memory. */
struct entry *tally_sorted(const struct tally *t);

#endif
