/*-------------------------------------------------------------------------
 *
 * author.c
 *	  New revision scripts.
 *
 * Everything is checked before anything is written: a script that could not
 * be loaded again never comes to be.  With a script location the script is
 * written there and read back like any other; without one it goes into the
 * store, and the client keeps the text that is returned.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "author.h"
#include "errcodes.h"
#include "guc.h"
#include "miscadmin.h"
#include "names.h"
#include "pgtime.h"
#include "purecore.h"
#include "register.h"
#include "report.h"
#include "scriptdir.h"
#include "store.h"
#include "template.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#define REVISION_ID_BYTES	6	/* 12 hexadecimal digits, as Alembic's */

/* The moment that the script is made, in the time zone of the settings. */
typedef struct CreateTime
{
	MigFileTime fields;			/* for the file name */
	char	   *text;			/* for the header */
} CreateTime;

/* ----------
 * Parts of the new revision
 * ----------
 */

/* An id like those of Alembic. */
static char *
random_revision_id(void)
{
	uint8		bytes[REVISION_ID_BYTES];
	char	   *id = palloc(2 * REVISION_ID_BYTES + 1);
	int			i;

	if (!pg_strong_random(bytes, sizeof(bytes)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	for (i = 0; i < REVISION_ID_BYTES; i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return id;
}

/* The moment of now, broken down. */
static void
get_create_time(CreateTime *result)
{
	TimestampTz now = GetCurrentTimestamp();
	pg_tz	   *zone = mig_timezone[0] != '\0' ? pg_tzset(mig_timezone) : session_timezone;
	struct pg_tm tm;
	fsec_t		fsec;
	int			offset;
	const char *abbreviation;
	char		buf[MAXDATELEN + 1];

	if (timestamp2tm(now, &offset, &tm, &fsec, &abbreviation, zone) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	EncodeDateTime(&tm, fsec, true, offset, abbreviation, USE_ISO_DATES, buf);
	result->text = pstrdup(buf);
	result->fields.year = tm.tm_year;
	result->fields.month = tm.tm_mon;
	result->fields.day = tm.tm_mday;
	result->fields.hour = tm.tm_hour;
	result->fields.minute = tm.tm_min;
	result->fields.second = tm.tm_sec;
	result->fields.epoch = timestamptz_to_time_t(now);
}

/* The id: given and free, or random. */
static void
choose_id(const MigGraph *graph, const char *rev_id, MigRevision *revision)
{
	MigReport	report = {0};

	revision->id = rev_id ? pstrdup(rev_id) : random_revision_id();
	if (!mig_check_revision_id(revision->id, &report))
		mig_report_throw(&report);
	if (mig_graph_lookup(graph, revision->id) >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_BROKEN_GRAPH),
				 errmsg("revision id \"%s\" is taken", revision->id),
				 errdetail("A revision has it as its id or as its branch label."),
				 errhint("Choose another rev_id, or leave it out.")));
}

/* The error of a parent that is named twice. */
static void
duplicate_parent(const MigGraph *graph, int parent)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("revision %s is named twice", graph->revisions[parent].id),
			 errdetail("A revision can come after another one only once."),
			 errhint("Name each parent once.")));
}

/* The revisions that a list names, in its order; one twice is an error. */
static MigRevisionSet
resolve_parents(const MigGraph *graph, const char *text)
{
	MigReport	report = {0};
	MigNameList names = {NULL, 0};
	MigRevisionSet parents = mig_make_set(graph->nrevisions);
	bool	   *seen = mig_alloc0_array(bool, graph->nrevisions);
	int			i,
				j;

	if (!mig_split_names("revisions", text, &names, &report) ||
		(names.count == 0 && !mig_unknown_revision(NULL, &report)))
		mig_report_throw(&report);
	for (i = 0; i < names.count; i++)
	{
		MigRevisionSet named;

		if (!mig_resolve_revisions(graph, names.names[i], &named, &report))
			mig_report_throw(&report);
		for (j = 0; j < named.count; j++)
		{
			if (seen[named.items[j]])
				duplicate_parent(graph, named.items[j]);
			seen[named.items[j]] = true;
			parents.items[parents.count++] = named.items[j];
		}
	}
	pfree(seen);
	return parents;
}

/* A parent that has a child already would become a branch point. */
static void
check_parents(const MigGraph *graph, const MigRevisionSet *parents, bool splice)
{
	int			i;

	for (i = 0; i < parents->count && !splice; i++)
	{
		if (!mig_graph_is_head(graph, parents->items[i]))
			ereport(ERROR,
					(errcode(ERRCODE_MIG_MULTIPLE_HEADS),
					 errmsg("revision %s is not a head", graph->revisions[parents->items[i]].id),
					 errdetail("Another revision after it would make a new branch."),
					 errhint("Write splice => true to make a branch on purpose, or name a head: SELECT * FROM migrate_heads();")));
	}
}

/* Ids and labels share one space of names, so a label must be new. */
static void
set_branch_label(const MigGraph *graph, const char *label, MigRevision *revision)
{
	MigReport	report = {0};
	int			taken;

	if (label == NULL || label[0] == '\0')
		return;
	if (!mig_check_branch_label(label, &report))
		mig_report_throw(&report);
	taken = mig_graph_lookup(graph, label);
	if (taken >= 0 || strcmp(label, revision->id) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_MIG_BROKEN_GRAPH),
				 errmsg("branch label \"%s\" is taken", label),
				 taken >= 0 ? errdetail("It denotes revision %s.", graph->revisions[taken].id) :
				 errdetail("It is the id of the new revision."),
				 errhint("Choose another label.")));
	mig_name_list_add(&revision->branch_labels, label);
}

/* A dependency that is named by a label stays a label, else it becomes an id. */
static void
set_dependencies(const MigGraph *graph, const char *depends_on, MigRevision *revision)
{
	MigReport	report = {0};
	MigNameList names = {NULL, 0};
	int			i;

	if (depends_on == NULL)
		return;
	if (!mig_split_names("dependencies", depends_on, &names, &report))
		mig_report_throw(&report);
	for (i = 0; i < names.count; i++)
	{
		const char *name = names.names[i];
		int			index;

		if (!mig_resolve_revision(graph, name, &index, &report))
			mig_report_throw(&report);
		if (index == MIG_BASE)
			ereport(ERROR,
					(errcode(ERRCODE_MIG_UNKNOWN_REVISION),
					 errmsg("\"%s\" denotes no revision to depend on", name),
					 errhint("SELECT * FROM migrate_history() lists the revisions.")));
		if (!mig_name_list_contains(&graph->revisions[index].branch_labels, name))
			name = graph->revisions[index].id;
		mig_name_list_add(&revision->depends_on, name);
	}
}

/* ----------
 * Place and text
 * ----------
 */

/* The version location for the new script. */
static const char *
choose_directory(const MigGraph *graph, const MigRevisionSet *parents, const char *version_path)
{
	List	   *locations = mig_get_version_locations();
	char	   *wanted;
	int			rank;

	if (version_path == NULL)
	{
		if (list_length(locations) == 1)
			return linitial(locations);
		if (parents->count == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("there are several version locations to write a new base to"),
					 errdetail("The setting \"migrate.version_locations\" is \"%s\".", mig_version_locations),
					 errhint("Say which one: version_path => '%s'.", (char *) linitial(locations))));
		rank = mig_version_location_rank(locations, graph->revisions[parents->items[0]].path);
		return rank < list_length(locations) ? list_nth(locations, rank) : linitial(locations);
	}
	wanted = pstrdup(version_path);
	canonicalize_path(wanted);
	rank = mig_version_location_rank(locations, psprintf("%s/", wanted));
	if (rank == list_length(locations) || strcmp(list_nth(locations, rank), wanted) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is not a version location", version_path),
				 errdetail("The setting \"migrate.version_locations\" is \"%s\".", mig_version_locations),
				 errhint("Name one of them, or add it: ALTER DATABASE ... SET migrate.version_locations = ....")));
	return list_nth(locations, rank);
}

/* The template of the script location, or the built-in one. */
static const char *
template_text(void)
{
	size_t		len;

	if (mig_has_script_location() && mig_template[0] != '\0' && mig_scriptdir_exists(mig_template))
		return mig_scriptdir_read(mig_template, &len);
	return mig_default_template();
}

/* One placeholder of the template. */
static void
add_value(MigNameList *names, MigNameList *values, const char *name, const char *value)
{
	mig_name_list_add(names, name);
	mig_name_list_add(values, value);
}

/* The text of the new script. */
static char *
render_script(const MigRevision *revision, const MigNewRevision *wanted)
{
	MigNameList names = {NULL, 0};
	MigNameList values = {NULL, 0};
	MigReport	report = {0};
	char	   *result;

	add_value(&names, &values, "message", revision->message[0] != '\0' ? revision->message : "empty message");
	add_value(&names, &values, "up_revision", revision->id);
	add_value(&names, &values, "down_revision", mig_name_list_join(&revision->down_revision));
	add_value(&names, &values, "branch_labels", mig_name_list_join(&revision->branch_labels));
	add_value(&names, &values, "depends_on", mig_name_list_join(&revision->depends_on));
	add_value(&names, &values, "create_date", revision->create_date);
	add_value(&names, &values, "upgrades", wanted->upgrades ? wanted->upgrades : "");
	add_value(&names, &values, "downgrades", wanted->downgrades ? wanted->downgrades : "");
	if (!mig_render_template(template_text(), &names, &values, &result, &report))
	{
		report.message = psprintf("template \"%s\": %s", mig_template, report.message);
		mig_report_throw(&report);
	}
	return result;
}

/* What a template made of the revision must read as that revision. */
static void
check_script(const MigRevision *revision, const char *script)
{
	MigScriptSource source = {0};
	const MigRevision *parsed = &source.script.revision;

	source.path = revision->path;
	source.text = script;
	source.len = strlen(script);
	mig_parse_script(&source);
	if (strcmp(parsed->id, revision->id) != 0 ||
		!mig_name_list_equal(&parsed->down_revision, &revision->down_revision) ||
		!mig_name_list_equal(&parsed->branch_labels, &revision->branch_labels) ||
		!mig_name_list_equal(&parsed->depends_on, &revision->depends_on))
		ereport(ERROR,
				(errcode(ERRCODE_MIG_MALFORMED_SCRIPT),
				 errmsg("the template does not make a script of revision %s", revision->id),
				 errdetail("The header of what it makes names another revision, or other parents, labels or dependencies."),
				 errhint("Write the header of \"%s\" as migrate_init() does: SELECT * FROM migrate_init() in an empty location.",
						 mig_template)));
}

/* The path of the new script, which must be one that is read. */
static char *
choose_path(const MigRevision *revision, const char *directory, const CreateTime *time)
{
	MigReport	report = {0};
	char	   *name;

	if (!mig_file_name(mig_file_template, revision->id,
					   mig_message_slug(revision->message, mig_truncate_slug_length),
					   &time->fields, &name, &report))
		mig_report_throw(&report);
	if (strchr(name, '/') != NULL && !mig_recursive_version_locations && mig_has_script_location())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("file name \"%s\" is in a subdirectory, which would not be read", name),
				 errdetail("The setting \"migrate.recursive_version_locations\" is off."),
				 errhint("Turn it on, or write \"migrate.file_template\" without a slash.")));
	return psprintf("%s/%s", directory, name);
}

/* A template of file names need not have the id in it. */
static void
check_path_is_free(const MigGraph *graph, const char *path)
{
	int			i;

	for (i = 0; i < graph->nrevisions; i++)
	{
		if (strcmp(graph->revisions[i].path, path) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_FILE),
					 errmsg("script \"%s\" exists already", path),
					 errdetail("It is the script of revision %s.", graph->revisions[i].id),
					 errhint("Choose another message, or a \"migrate.file_template\" with \"%%(rev)s\" in it.")));
	}
}

/*
 * Make a new revision script: in the script location if there is one, and in
 * the store.  *revision tells its id and path, *script its text.
 *
 * Raises MG001, MG002, MG005 and MG006 for what the names denote, 22023 for
 * other arguments.
 */
void
mig_new_revision(const MigNewRevision *wanted, MigRevision *revision, char **script)
{
	MigStore	store;
	MigRevisionSet parents;
	CreateTime	time;
	MigStoredScript stored;
	MigReport	report = {0};

	mig_store_refresh();
	mig_store_look(&store, MIG_ORDINARY_SCHEMA);
	MemSet(revision, 0, sizeof(MigRevision));
	choose_id(store.graph, wanted->rev_id, revision);
	parents = resolve_parents(store.graph, wanted->parents);
	if (!mig_message_line(wanted->message, &revision->message, &report))
		mig_report_throw(&report);
	get_create_time(&time);
	revision->create_date = time.text;
	revision->path = choose_path(revision, choose_directory(store.graph, &parents, wanted->version_path), &time);
	check_parents(store.graph, &parents, wanted->splice);
	revision->down_revision = mig_graph_ids(store.graph, parents.items, parents.count);
	set_branch_label(store.graph, wanted->branch_label, revision);
	set_dependencies(store.graph, wanted->depends_on, revision);
	check_path_is_free(store.graph, revision->path);
	*script = render_script(revision, wanted);
	check_script(revision, *script);

	if (mig_has_script_location())
	{
		mig_scriptdir_write(revision->path, *script, false);
		mig_store_refresh();
	}
	else
		mig_register_script(*script, revision->path, false, &stored);
}

/* ----------
 * A new script location
 * ----------
 */

static const char *const readme_text =
"Revision scripts of a PostgreSQL database, run by the extension migrate.\n"
"\n"
"versions/         one file per revision\n"
"model/            the wanted state of the schemas, as plain CREATE statements\n"
"script.sql.tmpl   what new revision scripts are made from\n"
"\n"
"SELECT * FROM migrate_revision('add account table', autogenerate => true);   -- write a new script from the model\n"
"SELECT * FROM migrate_upgrade('head');                 -- run what is pending\n"
"SELECT * FROM migrate_current();                       -- where the database is\n"
"SELECT migrate_graph();                                -- the history\n"
"SELECT * FROM migrate_downgrade('-1');                 -- undo the last one\n";

/* Write one of the files, and note it. */
static void
init_file(MigNameList *paths, const char *path, const char *text)
{
	mig_scriptdir_write(path, text, false);
	mig_name_list_add(paths, path);
}

/* Make one of the directories, and note it. */
static void
init_directory(MigNameList *paths, const char *path)
{
	mig_scriptdir_make_directory(path);
	path = psprintf("%s/", path);
	mig_name_list_add(paths, path);
}

/*
 * Lay out the script location, which must be empty or not exist.  The result
 * is what was written.
 */
void
mig_init_location(MigNameList *paths)
{
	ListCell   *lc;

	mig_require_script_location();
	if (!mig_scriptdir_is_empty())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("script location \"%s\" is not empty", mig_script_location),
				 errdetail("migrate_init() writes into an empty directory only, so that nothing is overwritten."),
				 errhint("If it has scripts already there is nothing to initialize: SELECT * FROM migrate_load();")));
	paths->names = NULL;
	paths->count = 0;
	foreach(lc, mig_get_version_locations())
		init_directory(paths, lfirst(lc));
	init_directory(paths, "model");
	init_file(paths, mig_template[0] != '\0' ? mig_template : "script.sql.tmpl", mig_default_template());
	init_file(paths, "README", readme_text);
}
