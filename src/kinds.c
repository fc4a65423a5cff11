/*-------------------------------------------------------------------------
 *
 * kinds.c
 *	  The kinds of facts.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "kinds.h"

/* Parents stand before what they are parents of. */
const MigKind *const mig_kinds[] = {
	&mig_kind_schema,
	&mig_kind_extension,
	&mig_kind_collation,
	&mig_kind_enum,
	&mig_kind_composite,
	&mig_kind_composite_attribute,
	&mig_kind_domain,
	&mig_kind_domain_constraint,
	&mig_kind_range,
	&mig_kind_ts_parser,
	&mig_kind_ts_template,
	&mig_kind_ts_dictionary,
	&mig_kind_ts_configuration,
	&mig_kind_fdw,
	&mig_kind_server,
	&mig_kind_sequence,
	&mig_kind_table,
	&mig_kind_column,
	&mig_kind_partition,
	&mig_kind_view,
	&mig_kind_matview,
	&mig_kind_view_column,
	&mig_kind_default,
	&mig_kind_sequence_owner,
	&mig_kind_constraint,
	&mig_kind_index,
	&mig_kind_partition_index,
	&mig_kind_statistics,
	&mig_kind_routine,
	&mig_kind_aggregate,
	&mig_kind_operator,
	&mig_kind_cast,
	&mig_kind_conversion,
	&mig_kind_rule,
	&mig_kind_trigger,
	&mig_kind_policy,
	&mig_kind_event_trigger,
	&mig_kind_publication,
	&mig_kind_publication_table,
	&mig_kind_publication_schema,
	&mig_kind_uncovered,
	&mig_kind_owner,
	&mig_kind_privilege,
	&mig_kind_comment
};

const int	mig_nkinds = lengthof(mig_kinds);

/* The kind of that name, or NULL. */
const MigKind *
mig_kind_by_name(const char *name)
{
	int			i;

	for (i = 0; i < mig_nkinds; i++)
	{
		if (strcmp(mig_kinds[i]->name, name) == 0)
			return mig_kinds[i];
	}
	return NULL;
}
