/* Where the agent puts what belongs to a step: two tmpfs. Tests set other places. */
#ifndef MAYFLY_PLACES_H
#define MAYFLY_PLACES_H

#ifndef SECRETS_DIR
#define SECRETS_DIR "/run/secrets"
#endif
#ifndef SCRIPT_DIR
#define SCRIPT_DIR "/run/mayfly"
#endif
/* What both are on, so that nothing of them reaches a disk: TMPFS_MAGIC, or 0 for anything. */
#ifndef PLACES_FS
#define PLACES_FS 0x01021994
#endif
#define SCRIPT SCRIPT_DIR "/script"
#define CHANNEL SCRIPT_DIR "/mask"

#endif
