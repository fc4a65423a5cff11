"""libpq, as much of it as a benchmark needs: it comes with every PostgreSQL,
so no driver has to be installed."""

import ctypes
import ctypes.util
import time

_name = ctypes.util.find_library("pq")
if _name is None:
    raise SystemExit("libpq is not installed; type: apt-get install libpq5")
_pq = ctypes.CDLL(_name)
_NOTICE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)

for _function, _result, _arguments in (
        ("PQconnectdb", ctypes.c_void_p, [ctypes.c_char_p]),
        ("PQstatus", ctypes.c_int, [ctypes.c_void_p]),
        ("PQerrorMessage", ctypes.c_char_p, [ctypes.c_void_p]),
        ("PQfinish", None, [ctypes.c_void_p]),
        ("PQbackendPID", ctypes.c_int, [ctypes.c_void_p]),
        ("PQexec", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]),
        ("PQexecParams", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p,
                                           ctypes.POINTER(ctypes.c_char_p), ctypes.c_void_p, ctypes.c_void_p,
                                           ctypes.c_int]),
        ("PQresultStatus", ctypes.c_int, [ctypes.c_void_p]),
        ("PQntuples", ctypes.c_int, [ctypes.c_void_p]),
        ("PQnfields", ctypes.c_int, [ctypes.c_void_p]),
        ("PQgetvalue", ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]),
        ("PQclear", None, [ctypes.c_void_p]),
        ("PQsetNoticeProcessor", ctypes.c_void_p, [ctypes.c_void_p, _NOTICE, ctypes.c_void_p])):
    getattr(_pq, _function).restype = _result
    getattr(_pq, _function).argtypes = _arguments

_quiet = _NOTICE(lambda *_: None)


class PqError(Exception):
    pass


class Session:
    """A connection.  Its calls let other threads of Python run."""

    def __init__(self, conninfo):
        self.connection = _pq.PQconnectdb(conninfo.encode())
        if _pq.PQstatus(self.connection) != 0:
            raise PqError(_pq.PQerrorMessage(self.connection).decode())
        _pq.PQsetNoticeProcessor(self.connection, _quiet, None)
        self.pid = _pq.PQbackendPID(self.connection)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        _pq.PQfinish(self.connection)

    def execute(self, sql, *parameters):
        """Run a statement; with parameters, by the extended protocol."""
        if parameters:
            values = (ctypes.c_char_p * len(parameters))(*(value.encode() for value in parameters))
            result = _pq.PQexecParams(self.connection, sql.encode(), len(parameters), None, values, None, None, 0)
        else:
            result = _pq.PQexec(self.connection, sql.encode())
        try:
            if _pq.PQresultStatus(result) not in (1, 2):
                raise PqError("%s\n%s" % (sql[:200], _pq.PQerrorMessage(self.connection).decode()))
            return [[_pq.PQgetvalue(result, row, column).decode() for column in range(_pq.PQnfields(result))]
                    for row in range(_pq.PQntuples(result))]
        finally:
            _pq.PQclear(result)

    def value(self, sql, *parameters):
        return self.execute(sql, *parameters)[0][0]

    def timed(self, sql, *parameters):
        """Seconds from sending the statement to its result."""
        start = time.perf_counter()
        self.execute(sql, *parameters)
        return time.perf_counter() - start
