/* Where the agent puts what belongs to a step: two tmpfs. Tests set other places. */
#ifndef MAYFLY_PLACES_H
#define MAYFLY_PLACES_H

#ifndef SECRETS_DIR
#define SECRETS_DIR "/run/secrets"
#endif
#ifndef SCRIPT_DIR
#define SCRIPT_DIR "/run/mayfly"
#endif
#define SCRIPT SCRIPT_DIR "/script"
#define CHANNEL SCRIPT_DIR "/mask"

#endif
