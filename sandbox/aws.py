"""AWS on this machine: moto over HTTP, one request at a time.

AWS carries out a conditional write as one step. moto checks the condition and writes afterwards, so two
requests at once may both find a record absent; measured, 2 of 100 races of eight clients had two winners.
"""

import copy
import logging
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from contextvars import ContextVar
from inspect import signature
from io import BytesIO
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

_touched: ContextVar[frozenset[tuple[str, str]]] = ContextVar("touched", default=frozenset())
"""Keys of the records that the transaction under way writes to."""


def _undo_copy(table: Table, memo: dict[int, Any]) -> Table:
    """What a failed transaction is undone from: moto copies the whole table, item by item, for each write of a
    transaction, which makes a run quadratic. Only the records that the transaction names can change."""
    touched = _touched.get()
    partitions = {partition for partition, _ in touched}
    clone = copy.copy(table)
    clone.items = defaultdict(dict)
    for key, rows in table.items.items():
        clone.items[key] = _kept(key.value, rows, touched, memo) if key.value in partitions else rows
    return clone


def _kept(partition: str, rows: Any, touched: frozenset[tuple[str, str]], memo: dict[int, Any]) -> Any:
    """A partition as it is now: its list of records anew, and of the records those that may be written."""
    return {
        sort: copy.deepcopy(item, memo) if (partition, sort.value) in touched else item for sort, item in rows.items()
    }


def _keys(writes: list[dict[str, Any]]) -> frozenset[tuple[str, str]]:
    operations = (next(iter(write.values())) for write in writes)
    named = ((one.get("Key") or one["Item"]) for one in operations)
    return frozenset((key["pk"]["S"], key["sk"]["S"]) for key in named)


_asked: ContextVar[tuple[Any, str | None] | None] = ContextVar("asked", default=None)
"""Partition and index of the query under way."""


def _candidates(table: Table, partition: Any, index: str | None) -> list[Any]:
    """What a query may find: its partition, or what stands in its index. moto looks through the whole table, and
    sorts it first, for each query; the query itself sorts what it finds."""
    if index is None:
        return list(table.items.get(partition, {}).values())
    name = table.get_index(index).schema[0]["AttributeName"]
    return [item for rows in table.items.values() for item in rows.values() if name in item.attrs]


def _quicken_queries() -> None:
    query, all_items = Table.query, Table.all_items
    words = signature(query)

    def asking(self: Table, *args: Any, **options: Any) -> Any:
        given = words.bind(self, *args, **options).arguments
        token = _asked.set((given["hash_key"], given.get("index_name")))
        try:
            return query(self, *args, **options)
        finally:
            _asked.reset(token)

    def found(self: Table) -> Any:
        asked = _asked.get()
        return all_items(self) if asked is None else _candidates(self, *asked)

    Table.query = asking  # type: ignore[method-assign]
    Table.all_items = found  # type: ignore[method-assign]


def quicken() -> None:
    """Let moto's transactions keep what they may need to undo, and its queries look where they ask; no more."""
    real = DynamoDBBackend.transact_write_items
    if hasattr(Table, "__deepcopy__"):
        return
    _quicken_queries()

    def transact(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        token = _touched.set(_keys(transact_items))
        try:
            real(self, transact_items)
        finally:
            _touched.reset(token)

    Table.__deepcopy__ = _undo_copy  # type: ignore[attr-defined]
    DynamoDBBackend.transact_write_items = transact  # type: ignore[method-assign]


class LocalAws:
    """Every service that we use, at one address, empty at first. Close it when done."""

    def __init__(self, port: int = 0) -> None:
        quicken()
        self._moto: Any = DomainDispatcherApplication(create_backend_app)
        self._turn = threading.Lock()
        self._server = make_server("127.0.0.1", port, self._serve, threaded=True, request_handler=_Silent)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        with self._turn:
            answer: Iterable[bytes] = self._moto(environ, start_response)
            return list(answer)


def main() -> None:
    """Serve at the port that the command line names, until killed or until nobody is left to serve."""
    parent = os.getppid()
    LocalAws(int(sys.argv[1]))
    while os.getppid() == parent:
        time.sleep(1)


class _Silent(WSGIRequestHandler):
    """Keeps connections open, as AWS does, and prints nothing.

    werkzeug closes each connection after its answer, since it may leave a request half read. A fifth of a call's time
    went into new connections and their threads. Here a request is read to its end first.
    """

    protocol_version = "HTTP/1.1"
    # Head and body are two writes: without this each answer waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request; its connection stays open unless the client wants it closed."""
        environ = self.make_environ()
        length = -1 if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(length))
        answered, status, headers = run_wsgi_app(self.server.app, environ)
        body = b"".join(answered)
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers.items():
            self.send_header(name, value)
        if "content-length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  werkzeug's own name
        """Say nothing."""


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    main()
