/* SPDX-License-Identifier: BSD-3-Clause */

/* A growing array of any element type, for control-side code. Declared in place:
 *
 *     sl_array(struct thing) things = {0};
 *     struct thing *t = sl_array_add(&things);      // zeroed, NULL without memory
 */

#ifndef SLUICE_BASE_ARRAY_H
#define SLUICE_BASE_ARRAY_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define sl_array(type)        \
	struct {              \
		type *item;   \
		size_t count; \
		size_t room;  \
	}

/* Make room for one more element. Returns the (moved) block, or NULL; *room is the new room. */
static inline void *sl_array_grow_(void *item, size_t count, size_t *room, size_t size)
{
	const size_t wanted = count + 1;

	if (wanted <= *room)
		return item;
	const size_t next = *room ? *room * 2 : 8;
	void *grown = reallocarray(item, next, size);

	if (grown)
		*room = next;
	return grown;
}

#define sl_array_add(a)                                                                       \
	({                                                                                    \
		void *grown_ =                                                                \
			sl_array_grow_((a)->item, (a)->count, &(a)->room, sizeof *(a)->item); \
		if (grown_)                                                                   \
			(a)->item = grown_;                                                   \
		grown_ ? memset(&(a)->item[(a)->count++], 0, sizeof *(a)->item) : NULL;       \
	})

#define sl_array_each(a, p) \
	for (typeof((a)->item + 0) p = (a)->item; p < (a)->item + (a)->count; p++)

#define sl_array_free(a)                     \
	do {                                 \
		free((a)->item);             \
		memset((a), 0, sizeof *(a)); \
	} while (0)

#endif
