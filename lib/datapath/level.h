/* SPDX-License-Identifier: BSD-3-Clause */

/* The stages and the pipeline are compiled several times, for CPUs that can do more and more; the
 * fastest that a CPU can run is chosen at start (pipeline.h). Each copy has names of its own: with
 * -DLEVEL=v3 what the sources call stage_parse is stage_parse_v3. Without LEVEL it is what the
 * build as a whole is for, and what everything else calls.
 *
 * LEVEL=plain with LEVEL_PLAIN, for tests: no vectors, packet by packet. */

#ifndef SLUICE_DATAPATH_LEVEL_H
#define SLUICE_DATAPATH_LEVEL_H

#ifdef LEVEL

#define LEVEL_JOIN2(name, level) name##_##level
#define LEVEL_JOIN(name, level)  LEVEL_JOIN2(name, level)
#define LEVEL_NAME(name)         LEVEL_JOIN(name, LEVEL)

#define remember                 LEVEL_NAME(remember)
#define remember_all             LEVEL_NAME(remember_all)
#define stage_parse              LEVEL_NAME(stage_parse)
#define stage_classify           LEVEL_NAME(stage_classify)
#define stage_hash               LEVEL_NAME(stage_hash)
#define stage_find               LEVEL_NAME(stage_find)
#define stage_flow               LEVEL_NAME(stage_flow)
#define stage_source             LEVEL_NAME(stage_source)
#define stage_select             LEVEL_NAME(stage_select)
#define stage_transform          LEVEL_NAME(stage_transform)
#define stage_transform_try      LEVEL_NAME(stage_transform_try)

#else

#define LEVEL_NAME(name) name##_base

#endif

/* For a person. */
#ifndef LEVEL_TITLE
#ifdef __x86_64__
#define LEVEL_TITLE "x86-64-v2"
#else
#define LEVEL_TITLE "generic"
#endif
#endif

#endif
