"""A private PostgreSQL server with the extension, in a temporary directory.

Nothing is installed in the system: the extension is built from a copy of the
tree, staged, and the server is told where.  As root, the server and the build
run as user postgres, since PostgreSQL refuses to be run by root.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile

import pq

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# The same for all contestants.  Everything not here is PostgreSQL's default;
# fsync is on unless --no-fsync was given.
SETTINGS = {
    "max_locks_per_transaction": "512",     # 1,000 tables in one transaction take some 15,000 locks
    "max_wal_size": "4GB",                  # no checkpoint and no autovacuum in the middle of a run
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "listen_addresses": "127.0.0.1",
}


class BenchError(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    def __init__(self, version, fsync=True, keep=False):
        self.pg_config = version if "/" in version else "/usr/lib/postgresql/%s/bin/pg_config" % version
        if not os.path.exists(self.pg_config):
            raise BenchError("PostgreSQL %s is not installed: there is no %s\n"
                             "  type: tests/install-packages server 15" % (version, self.pg_config))
        self.bindir = self._config("--bindir")
        self.fsync = fsync
        self.keep = keep
        self.port = free_port()
        self.root = os.getuid() == 0
        # short: the name of a socket must have less than 108 bytes
        self.directory = tempfile.mkdtemp(prefix="migrate-bench.")
        os.chmod(self.directory, 0o755)

    def _config(self, option):
        return subprocess.run([self.pg_config, option], stdout=subprocess.PIPE, check=True,
                              encoding="utf-8").stdout.strip()

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def _run(self, arguments, **options):
        """Run as the server's user, quietly unless it fails."""
        if self.root:
            group = str(pwd.getpwnam("postgres").pw_gid)
            arguments = ["setpriv", "--reuid", "postgres", "--regid", group, "--init-groups",
                         "env", "HOME=" + self.directory, "LC_ALL=C.UTF-8", *arguments]
        with tempfile.TemporaryFile("w+") as log:
            code = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  check=False, **options).returncode
            if code:
                log.seek(0)
                raise BenchError("%s failed\n%s" % (" ".join(arguments[-6:]), log.read()[-4000:]))

    def _own(self, path):
        if self.root:
            subprocess.run(["chown", "-R", "postgres:", path], check=True)

    def build(self):
        source, stage = self.path("source"), self.path("stage")
        os.mkdir(source)
        for name in ("Makefile", "migrate.control", "sql", "src"):
            path = os.path.join(TOP, name)
            if os.path.isdir(path):
                shutil.copytree(path, os.path.join(source, name), ignore=shutil.ignore_patterns("*.o", "*.bc"))
            else:
                shutil.copy(path, source)
        os.mkdir(stage)
        self._own(source)
        self._own(stage)
        make = ["make", "-s", "-C", source, "PG_CONFIG=" + self.pg_config, "with_llvm=no"]
        self._run(make + ["-j%d" % (os.cpu_count() or 1)])
        self._run(make + ["install", "DESTDIR=" + stage])

    def start(self):
        data, stage = self.path("data"), self.path("stage")
        os.mkdir(data, 0o700)
        self._own(data)
        self._run([os.path.join(self.bindir, "initdb"), "-D", data, "-A", "trust", "-U", "postgres",
                   "--no-locale", "-E", "UTF8"])
        known = subprocess.run([os.path.join(self.bindir, "postgres"), "--describe-config"],
                               stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout
        with open(os.path.join(data, "postgresql.conf"), "a", encoding="utf-8") as conf:
            for name, value in SETTINGS.items():
                conf.write("%s = '%s'\n" % (name, value))
            if "\nextension_control_path\t" in known:
                conf.write("extension_control_path = '%s%s:$system'\n" % (stage, self._config("--sharedir")))
            elif "\nextension_destdir\t" in known:
                conf.write("extension_destdir = '%s'\n" % stage)
            else:
                raise BenchError("this server has no extension_destdir or extension_control_path")
            conf.write("dynamic_library_path = '%s%s:$libdir'\n" % (stage, self._config("--pkglibdir")))
            conf.write("port = %d\nunix_socket_directories = '%s'\n" % (self.port, data))
            conf.write("fsync = %s\n" % ("on" if self.fsync else "off"))
        self._run([os.path.join(self.bindir, "pg_ctl"), "-w", "-D", data, "-l", os.path.join(data, "log"), "start"])

    def restart(self, **settings):
        """With other settings; without any, as it was."""
        pg_ctl = [os.path.join(self.bindir, "pg_ctl"), "-w", "-D", self.path("data"), "-l", self.path("data", "log")]
        changes = " ".join("-c %s=%s" % setting for setting in settings.items())
        self._run(pg_ctl + ["-m", "fast", "stop"])
        self._run(pg_ctl + ["-o", changes, "start"])

    def __enter__(self):
        try:
            self.build()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        data = self.path("data")
        if os.path.exists(os.path.join(data, "postmaster.pid")):
            self._run([os.path.join(self.bindir, "pg_ctl"), "-w", "-D", data, "-m", "immediate", "stop"])
        if self.keep:
            print("kept: %s" % self.directory)
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    # -- using it

    def session(self, database, port=None, application="bench"):
        """A connection by the socket; with a port, by loopback."""
        return pq.Session("host=%s port=%d dbname=%s user=postgres application_name=%s" % (
            "127.0.0.1" if port else self.path("data"), port or self.port, database, application))

    def admin(self, *statements):
        with self.session("postgres") as session:
            for statement in statements:
                session.execute(statement)

    def create(self, database, template="template0"):
        self.admin("CREATE DATABASE %s TEMPLATE %s" % (database, template))

    def drop(self, *databases):
        self.admin(*("DROP DATABASE IF EXISTS %s WITH (FORCE)" % name for name in databases))

    def ended_seconds(self):
        """The processor time of all processes of the server that have ended."""
        with open(self.path("data", "postmaster.pid"), encoding="utf-8") as file:
            postmaster = file.readline().strip()
        with open("/proc/%s/stat" % postmaster, encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def checkpoint(self):
        self.admin("CHECKPOINT")

    def psql(self, database, *arguments, port=None):
        """The command line of a psql."""
        return [os.path.join(self.bindir, "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1",
                "-h", "127.0.0.1" if port else self.path("data"), "-p", str(port or self.port),
                "-U", "postgres", "-d", database, *arguments]

    def readable(self, path):
        """Let the server read files that the benchmark wrote."""
        subprocess.run(["chmod", "-R", "a+rX", path], check=True)
