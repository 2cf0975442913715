#include "tally.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Open addressing with linear probing; grows at three quarters. */
struct tally {
    struct entry *slots;
    size_t capacity;
    size_t size;
};

static uint64_t hash(const char *word, size_t length) {
    uint64_t h = 1469598103934665603u; /* FNV-1a */
    for (size_t i = 0; i < length; i++) {
        h = (h ^ (unsigned char)word[i]) * 1099511628211u;
    }
    return h;
}

static struct entry *find(struct entry *slots, size_t capacity, const char *word, size_t length) {
    size_t i = (size_t)hash(word, length) & (capacity - 1);
    while (slots[i].word != NULL
           && (strncmp(slots[i].word, word, length) != 0 || slots[i].word[length] != '\0')) {
        i = (i + 1) & (capacity - 1);
    }
    return &slots[i];
}

struct tally *tally_new(void) {
    struct tally *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    t->capacity = 16;
    t->slots = calloc(t->capacity, sizeof *t->slots);
    if (t->slots == NULL) {
        free(t);
        return NULL;
    }
    return t;
}

void tally_free(struct tally *t) {
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < t->capacity; i++) {
        free((char *)t->slots[i].word);
    }
    free(t->slots);
    free(t);
}

static int grow(struct tally *t) {
    size_t capacity = t->capacity * 2;
    struct entry *slots = calloc(capacity, sizeof *slots);
    if (slots == NULL) {
        return -1;
    }
    for (size_t i = 0; i < t->capacity; i++) {
        if (t->slots[i].word != NULL) {
            *find(slots, capacity, t->slots[i].word, strlen(t->slots[i].word)) = t->slots[i];
        }
    }
    free(t->slots);
    t->slots = slots;
    t->capacity = capacity;
    return 0;
}

int tally_add(struct tally *t, const char *word, size_t length) {
    if (t->size * 4 >= t->capacity * 3 && grow(t) != 0) {
        return -1;
    }
    struct entry *e = find(t->slots, t->capacity, word, length);
    if (e->word == NULL) {
        char *copy = malloc(length + 1);
        if (copy == NULL) {
            return -1;
        }
        memcpy(copy, word, length);
        copy[length] = '\0';
        e->word = copy;
        t->size++;
    }
    e->count++;
    return 0;
}

size_t tally_size(const struct tally *t) {
    return t->size;
}

static int by_count_then_word(const void *a, const void *b) {
    const struct entry *x = a;
    const struct entry *y = b;
    if (x->count != y->count) {
        return x->count < y->count ? 1 : -1;
    }
    return strcmp(x->word, y->word);
}

struct entry *tally_sorted(const struct tally *t) {
    struct entry *all = malloc((t->size + 1) * sizeof *all);
    if (all == NULL) {
        return NULL;
    }
    size_t n = 0;
    for (size_t i = 0; i < t->capacity; i++) {
        if (t->slots[i].word != NULL) {
            all[n++] = t->slots[i];
        }
    }
    qsort(all, n, sizeof *all, by_count_then_word);
    return all;
}
