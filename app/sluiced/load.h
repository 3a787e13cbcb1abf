/* SPDX-License-Identifier: BSD-3-Clause */

/* Keeps the load view: counts the flows of backends over the lanes. Control thread. */

#ifndef SLUICED_LOAD_H
#define SLUICED_LOAD_H

struct daemon;

/* Rows of slots that passed to another backend start anew. After every ids_assign. */
void load_follow(struct daemon *d);

/* Start or stop the fast count, as the generation in force asks for it (generation.counted). */
void load_follow_generation(struct daemon *d);

/* Count the flows of every backend. Once a second. */
void load_count_all(struct daemon *d);

/* Make the timer. 0 or -ENOMEM. */
int load_open(struct daemon *d);
void load_close(struct daemon *d);

#endif
