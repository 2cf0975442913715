#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void check(int holds, const char *what) {
    printf("%s %s\n", holds ? "ok  " : "FAIL", what);
    failures += !holds;
}

static void counts_each_word(void) {
    struct tally *t = tally_new();
    tally_add(t, "to be", 2);
    tally_add(t, "be", 2);
    tally_add(t, "to", 2);
    struct entry *all = tally_sorted(t);
    check(tally_size(t) == 2, "two different words");
    check(strcmp(all[0].word, "to") == 0 && all[0].count == 2, "the most frequent comes first");
    check(strcmp(all[1].word, "be") == 0 && all[1].count == 1, "the other follows");
    free(all);
    tally_free(t);
}

static void a_prefix_is_another_word(void) {
    struct tally *t = tally_new();
    tally_add(t, "may", 3);
    tally_add(t, "mayfly", 6);
    tally_add(t, "mayfly", 3);
    check(tally_size(t) == 2, "a prefix is a word of its own");
    tally_free(t);
}

static void grows(void) {
    struct tally *t = tally_new();
    char word[16];
    for (int i = 0; i < 10000; i++) {
        int n = snprintf(word, sizeof word, "w%d", i % 5000);
        tally_add(t, word, (size_t)n);
    }
    struct entry *all = tally_sorted(t);
    int twice = 1;
    for (size_t i = 0; i < tally_size(t); i++) {
        twice &= all[i].count == 2;
    }
    check(tally_size(t) == 5000 && twice, "5000 words, each twice");
    free(all);
    tally_free(t);
}

int main(void) {
    counts_each_word();
    a_prefix_is_another_word();
    grows();
    printf("%s\n", failures == 0 ? "all tests passed" : "TESTS FAILED");
    return failures != 0;
}
