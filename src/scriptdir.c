/*-------------------------------------------------------------------------
 *
 * scriptdir.c
 *	  The script location: a directory on the server.
 *
 * This is the only file that touches the file system.  Whatever is read or
 * written lies in migrate.script_location after all symbolic links have been
 * followed; a link that leads out of it is an error, not a file.
 *
 * Paths are relative to the script location, and always written with "/".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/dbcommands.h"
#include "common/file_perm.h"
#include "guc.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "scriptdir.h"
#include "storage/fd.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#define SCRIPT_SUFFIX	".sql"

/* people read, edit and commit these files, so they are not the server's alone */
#define FILE_MODE		(S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH)
#define DIRECTORY_MODE	(S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH)

/* A growing list of files. */
typedef struct FileList
{
	const char *root;			/* the script location, links resolved */
	bool		recursive;		/* files of directories below count, too */
	MigScriptFile *items;
	int			count;
	int			capacity;
} FileList;

/* ----------
 * Confinement
 * ----------
 */

/* The error of a directory that cannot be opened; errno says why. */
static void
location_error(const char *path)
{
	int			saved_errno = errno;

	ereport(ERROR,
			(errcode_for_file_access(),
			 errmsg("could not open directory \"%s\": %s", path, strerror(saved_errno)),
			 errdetail("It belongs to the setting \"migrate.script_location\"."),
			 errhint("Create the directory on the server, readable by the operating system user of the server, or SELECT * FROM migrate_init();")));
}

/* The absolute form of a file name, all links followed; NULL with errno set. */
static char *
resolve(const char *name)
{
	char	   *real = realpath(name, NULL);
	char	   *copy;

	if (real == NULL)
		return NULL;
	copy = pstrdup(real);
	free(real);
	return copy;
}

/* Raise an error unless the script location is set. */
void
mig_require_script_location(void)
{
	if (mig_has_script_location())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("no script location is set"),
			 errdetail("The setting \"migrate.script_location\" is empty."),
			 errhint("ALTER DATABASE %s SET migrate.script_location = '/path/on/the/server'; then reconnect. Or register scripts as text: SELECT * FROM migrate_register(script, path);",
					 quote_identifier(get_database_name(MyDatabaseId)))));
}

/* The script location, links followed. */
static char *
script_root(void)
{
	char	   *root;

	mig_require_script_location();
	root = resolve(mig_script_location);
	if (root == NULL)
		location_error(mig_script_location);
	return root;
}

/* Is the file, all links followed, in the root? */
static bool
is_inside(const char *root, const char *real)
{
	size_t		len = strlen(root);

	return strncmp(root, real, len) == 0 &&
		(real[len] == '\0' || real[len] == '/' || (len > 0 && root[len - 1] == '/'));
}

/* The error of a path that leads elsewhere. */
static void
refuse_outside(const char *path)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("path \"%s\" leads out of the script location", path),
			 errdetail("Files are read and written only in \"%s\".", mig_script_location),
			 errhint("Move the file there; a symbolic link must not lead elsewhere.")));
}

/*
 * Has the path only characters that a value of type text, and a message, may
 * have?  Backslashes are left to the systems that take them for slashes.
 */
bool
mig_is_printable_path(const char *path)
{
	const char *p;

	for (p = path; *p; p++)
	{
		if ((unsigned char) *p < ' ' || *p == '\\' || *p == 0x7F)
			return false;
	}
	return pg_verifymbstr(path, (int) strlen(path), true);
}

/* A path that came from a setting or an argument: refuse what climbs. */
static void
check_relative(const char *path)
{
	if (is_absolute_path(path) || path_contains_parent_reference(path))
		refuse_outside(path);
}

/*
 * The file name of a path.  The file need not exist, nor its directory; but
 * what exists of them must be inside.
 */
static char *
name_in_root(const char *root, const char *path)
{
	char	   *name;
	char	   *existing;
	char	   *real;

	check_relative(path);
	name = psprintf("%s/%s", root, path);
	existing = pstrdup(name);
	while ((real = resolve(existing)) == NULL)
	{
		struct stat st;

		if (errno != ENOENT)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not access \"%s\": %m", existing)));
		/* a link to nowhere would become whatever is made there */
		if (lstat(existing, &st) == 0)
			refuse_outside(path);
		get_parent_directory(existing);
	}
	if (!is_inside(root, real))
		refuse_outside(path);
	return name;
}

/* ----------
 * Version locations
 * ----------
 */

/* The configured version locations, as a list of strings; at least one. */
List *
mig_get_version_locations(void)
{
	List	   *list;

	if (!SplitDirectoriesString(pstrdup(mig_version_locations), ',', &list) || list == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value of \"migrate.version_locations\": \"%s\"", mig_version_locations),
				 errhint("Name one or several directories in the script location, separated by commas.")));
	return list;
}

/*
 * Which of the locations a path is in, from 0; the number of locations if it
 * is in none.
 */
int
mig_version_location_rank(List *locations, const char *path)
{
	ListCell   *lc;

	foreach(lc, locations)
	{
		const char *location = lfirst(lc);
		size_t		len = strlen(location);

		if (strncmp(path, location, len) == 0 && path[len] == '/')
			return foreach_current_index(lc);
	}
	return list_length(locations);
}

/* ----------
 * Scanning
 * ----------
 */

/* Note a file, and what would change if it were written to. */
static void
append_file(FileList *list, const char *path, const struct stat *st)
{
	MigScriptFile *file;

	if (!mig_is_printable_path(path))
	{
		char	   *directory = pstrdup(path);

		get_parent_directory(directory);
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("name of a revision script is not valid in encoding \"%s\"", GetDatabaseEncodingName()),
				 errdetail("A file in \"%s\" has a control character, a backslash or bytes of another encoding in its name.",
						   mig_is_printable_path(directory) ? directory : mig_script_location),
				 errhint("Rename the file.")));
	}
	if (list->count == list->capacity)
	{
		list->capacity = Max(list->capacity * 2, 64);
		list->items = list->items ?
			repalloc_huge(list->items, sizeof(MigScriptFile) * list->capacity) :
			palloc(sizeof(MigScriptFile) * list->capacity);
	}
	file = &list->items[list->count++];
	file->path = pstrdup(path);
	file->stamp = psprintf("%lld %lld.%09ld %lld.%09ld %llu",
						   (long long) st->st_size,
						   (long long) st->st_mtim.tv_sec, (long) st->st_mtim.tv_nsec,
						   (long long) st->st_ctim.tv_sec, (long) st->st_ctim.tv_nsec,
						   (unsigned long long) st->st_ino);
}

/* Follow a link, if it is one, and make sure that it stays inside. */
static void
stat_inside(const FileList *list, const char *path, DIR *dir, const char *entry, struct stat *st)
{
	const char *name;

	/* relative to the directory, which spares the kernel the way there */
	if (fstatat(dirfd(dir), entry, st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISLNK(st->st_mode))
		return;
	name = psprintf("%s/%s", list->root, path);
	if (lstat(name, st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not stat file \"%s\": %m", name)));
	if (S_ISLNK(st->st_mode))
	{
		char	   *real = resolve(name);

		if (real == NULL || stat(real, st) != 0)
		{
			/* the server knows no SQLSTATE for it */
			bool		loop = errno == ELOOP;

			ereport(ERROR,
					(loop ? errcode(ERRCODE_UNDEFINED_FILE) : errcode_for_file_access(),
					 errmsg("could not follow symbolic link \"%s\": %m", name),
					 errhint("Make it lead to a file in the script location, or remove it.")));
		}
		if (!is_inside(list->root, real))
			refuse_outside(path);
	}
}

/* Is it NAME.sql? */
static bool
has_script_suffix(const char *name)
{
	size_t		len = strlen(name);

	return len > strlen(SCRIPT_SUFFIX) && strcmp(name + len - strlen(SCRIPT_SUFFIX), SCRIPT_SUFFIX) == 0;
}

/* Append the scripts of a directory, and of those below if that is wanted. */
static void
scan_directory(FileList *list, const char *directory)
{
	char	   *name = psprintf("%s/%s", list->root, directory);
	DIR		   *dir = AllocateDir(name);
	struct dirent *entry;

	check_stack_depth();
	if (dir == NULL)
		location_error(name);
	while ((entry = ReadDir(dir, name)) != NULL)
	{
		char		path[MAXPGPATH];
		struct stat st;

		CHECK_FOR_INTERRUPTS();
		/* hidden files are those of editors and version control */
		if (entry->d_name[0] == '.' ||
			(!list->recursive && !has_script_suffix(entry->d_name)))
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		stat_inside(list, path, dir, entry->d_name, &st);
		if (S_ISREG(st.st_mode) && has_script_suffix(entry->d_name))
			append_file(list, path, &st);
		else if (S_ISDIR(st.st_mode) && list->recursive)
			scan_directory(list, path);
	}
	FreeDir(dir);
	pfree(name);
}

/* Compare two files by path, for qsort(). */
static int
compare_files(const void *a, const void *b)
{
	return strcmp(((const MigScriptFile *) a)->path, ((const MigScriptFile *) b)->path);
}

/* The same directory twice would give each of its scripts twice. */
static bool
location_seen(List *locations, int index)
{
	int			i;

	for (i = 0; i < index; i++)
	{
		if (strcmp(list_nth(locations, i), list_nth(locations, index)) == 0)
			return true;
	}
	return false;
}

/*
 * List the revision scripts of the version locations: in the order of the
 * locations, and by path within one.  No file is opened.
 */
void
mig_scriptdir_scan(MigScriptFile **files, int *nfiles)
{
	FileList	list = {0};
	List	   *locations = mig_get_version_locations();
	int			i;

	list.root = script_root();
	list.recursive = mig_recursive_version_locations;
	for (i = 0; i < list_length(locations); i++)
	{
		int			first = list.count;
		char	   *location = list_nth(locations, i);
		char	   *name = name_in_root(list.root, location);

		if (location_seen(locations, i))
			continue;
		if (access(name, F_OK) != 0 && errno == ENOENT && list_length(locations) > 1)
			continue;			/* migrate_revision() makes it when needed */
		scan_directory(&list, location);
		if (list.count > first)
			qsort(list.items + first, list.count - first, sizeof(MigScriptFile), compare_files);
	}
	*files = list.items;
	*nfiles = list.count;
}

/*
 * List the files of the model, by path; none if there is no such directory.
 * No file is opened.
 */
void
mig_scriptdir_scan_model(MigScriptFile **files, int *nfiles)
{
	FileList	list = {0};

	list.root = script_root();
	list.recursive = true;
	if (access(name_in_root(list.root, MIG_MODEL_DIRECTORY), F_OK) == 0)
		scan_directory(&list, MIG_MODEL_DIRECTORY);
	if (list.count > 1)
		qsort(list.items, list.count, sizeof(MigScriptFile), compare_files);
	*files = list.items;
	*nfiles = list.count;
}

/* ----------
 * Reading and writing
 * ----------
 */

/*
 * Bytes from outside as text of the database: without byte-order mark,
 * verified to be UTF-8, converted to the encoding of the database.
 */
char *
mig_clean_script_text(const char *text, size_t len, const char *path, size_t *clean_len)
{
	char	   *converted;

	if (len >= strlen(MIG_UTF8_BOM) && memcmp(text, MIG_UTF8_BOM, strlen(MIG_UTF8_BOM)) == 0)
	{
		text += strlen(MIG_UTF8_BOM);
		len -= strlen(MIG_UTF8_BOM);
	}
	if (memchr(text, '\0', len) != NULL || !pg_verify_mbstr(PG_UTF8, text, (int) len, true))
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("revision script \"%s\" is not valid UTF-8", path),
				 errdetail("Revision scripts are read as UTF-8, whatever the encoding of the database."),
				 errhint("Convert the file, for instance: iconv -f latin1 -t utf-8.")));
	converted = pg_any_to_server(text, (int) len, PG_UTF8);
	if (converted == text)
		converted = pnstrdup(text, len);
	*clean_len = strlen(converted);
	return converted;
}

/* Read a file of the script location; the text is allocated. */
char *
mig_scriptdir_read(const char *path, size_t *len)
{
	char	   *name = name_in_root(script_root(), path);
	FILE	   *file = AllocateFile(name, PG_BINARY_R);
	struct stat st;
	char	   *bytes;
	char	   *text;
	size_t		nread;

	if (file == NULL || fstat(fileno(file), &st) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open revision script \"%s\": %m", path),
				 errdetail("Its file is \"%s\".", name),
				 errhint("Make it readable by the operating system user that the server runs as.")));
	if (st.st_size >= MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("revision script \"%s\" is too large", path),
				 errdetail("It has %lld bytes; a text value has less than 1 GB.", (long long) st.st_size),
				 errhint("Split the revision.")));
	bytes = palloc(st.st_size + 1);
	nread = fread(bytes, 1, st.st_size, file);
	if (ferror(file))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read revision script \"%s\": %m", path)));
	FreeFile(file);
	text = mig_clean_script_text(bytes, nread, path, len);
	pfree(bytes);
	return text;
}

/* Does the path exist? */
bool
mig_scriptdir_exists(const char *path)
{
	return access(name_in_root(script_root(), path), F_OK) == 0;
}

/* Make a directory of the script location, and those above it; it may exist. */
void
mig_scriptdir_make_directory(const char *path)
{
	char	   *name = name_in_root(script_root(), path);

	if (access(name, F_OK) == 0)
		return;
	/* pg_mkdir_p() writes into its argument */
	if (pg_mkdir_p(pstrdup(name), pg_dir_create_mode) != 0 || chmod(name, DIRECTORY_MODE) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create directory \"%s\": %m", name)));
}

/*
 * Write a text to a file of the script location, as UTF-8.  Its directory is
 * made if needed.
 *
 * The file appears whole or not at all: it is written under a hidden name,
 * which a scan passes over, and renamed.
 */
void
mig_scriptdir_write(const char *path, const char *text, bool may_exist)
{
	char	   *root = script_root();
	char	   *directory = pstrdup(path);
	char	   *name;
	char	   *temporary;
	char	   *utf8;
	FILE	   *file;
	bool		ok;

	check_relative(path);
	get_parent_directory(directory);
	if (directory[0] != '\0')
		mig_scriptdir_make_directory(directory);
	name = name_in_root(root, path);
	if (!may_exist && access(name, F_OK) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_FILE),
				 errmsg("file \"%s\" exists already", path),
				 errdetail("It is in the script location \"%s\".", mig_script_location),
				 errhint("Remove it, or choose another revision id or message.")));
	temporary = psprintf("%s/%s%s.migrate-%d.tmp", root, directory,
						 directory[0] != '\0' ? "/" : "", MyProcPid);
	utf8 = pg_server_to_any(text, (int) strlen(text), PG_UTF8);

	file = AllocateFile(temporary, PG_BINARY_W);
	if (file == NULL)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not write file \"%s\": %m", path),
				 errdetail("The script location is \"%s\".", mig_script_location),
				 errhint("Make the directory writable by the operating system user that the server runs as, or save the script yourself and register it: SELECT * FROM migrate_register(script, path);")));
	ok = fwrite(utf8, 1, strlen(utf8), file) == strlen(utf8) && fchmod(fileno(file), FILE_MODE) == 0;
	ok = FreeFile(file) == 0 && ok;
	if (!ok || durable_rename(temporary, name, LOG) != 0)
	{
		int			saved_errno = errno;

		unlink(temporary);
		errno = saved_errno;
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not write file \"%s\": %m", path)));
	}
}

/*
 * Make the script location itself if it does not exist.  Returns whether it
 * holds nothing.
 */
bool
mig_scriptdir_is_empty(void)
{
	DIR		   *dir;
	struct dirent *entry;
	bool		empty = true;

	if (mig_has_script_location() && access(mig_script_location, F_OK) != 0 &&
		(MakePGDirectory(mig_script_location) != 0 || chmod(mig_script_location, DIRECTORY_MODE) != 0))
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not create directory \"%s\": %m", mig_script_location),
				 errdetail("It is the value of \"migrate.script_location\"."),
				 errhint("The directory above it must exist and be writable by the operating system user that the server runs as.")));
	dir = AllocateDir(script_root());
	if (dir == NULL)
		location_error(mig_script_location);
	while ((entry = ReadDir(dir, mig_script_location)) != NULL)
	{
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			empty = false;
	}
	FreeDir(dir);
	return empty;
}
