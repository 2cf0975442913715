#include "tally.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    struct tally *t = tally_new();
    char word[256];
    size_t length = 0;
    int c = 0;
    if (t == NULL) {
        return 1;
    }
    while (c != EOF) {
        c = getchar();
        if (c != EOF && !isspace(c) && length < sizeof word) {
            word[length++] = (char)c;
        } else if (length > 0 && (c == EOF || isspace(c))) {
            if (tally_add(t, word, length) != 0) {
                return 1;
            }
            length = 0;
        }
    }
    struct entry *all = tally_sorted(t);
    if (all == NULL) {
        return 1;
    }
    for (size_t i = 0; i < tally_size(t); i++) {
        printf("%zu %s\n", all[i].count, all[i].word);
    }
    free(all);
    tally_free(t);
    return 0;
}
