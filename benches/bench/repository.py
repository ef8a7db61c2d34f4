"""A repository that costs nothing: an nginx that serves files, made beforehand."""

import os
import random
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

DATE = "2024-01-01T00:00:00Z"
OAI = "http://www.openarchives.org/OAI/2.0/"

CONFIGURATION = """
{user}
worker_processes 2;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    log_format asked '$request_method $request_uri';
    access_log {folder}/access.log asked;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    types {{ text/xml xml; application/pdf pdf; }}
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    map $arg_from $since {{ "" all; default new; }}
    server {{
        listen 127.0.0.1:{port};
        root {folder}/www;
        location = /oai {{ try_files /$since/$arg_verb-$arg_resumptionToken.xml /all/$arg_verb-.xml =404; }}
        location /files/ {{ }}
    }}
}}
"""


class Repository:
    """Records in Dublin Core, of which the first ones, all if not told how many, name a file if files have a size."""

    def __init__(self, place, folder: Path, records: int, page: int = 1000, file_size: int = 0, files: int | None = None):
        self.folder, self.records = folder, records
        self.files = 0 if not file_size else records if files is None else files
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/oai"
        self._write(page, file_size)
        # Its workers would become nobody, who may not read here. Who is not root is asked for no user.
        user = "user root root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=self.port, user=user))
        program = place.program("nginx")
        self._process = subprocess.Popen(
            [program, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self._wait()

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()

    def file_urls(self) -> list:
        return [f"http://127.0.0.1:{self.port}/files/{number}.pdf" for number in range(self.files)]

    def asked(self) -> list:
        """Every request so far: method and path."""
        return (self.folder / "access.log").read_text().splitlines()

    def _wait(self) -> None:
        for _ in range(200):
            try:
                urllib.request.urlopen(self.url + "?verb=Identify").read()
                return
            except OSError:
                time.sleep(0.05)
        self.end()
        raise SystemExit("\n".join((self.folder / "error.log").read_text().splitlines()[-5:]))

    def _write(self, page: int, file_size: int) -> None:
        for folder in ("www/all", "www/new", "www/files"):
            (self.folder / folder).mkdir(parents=True)
        answers = self.folder / "www/all"
        (answers / "Identify-.xml").write_text(answer("Identify", identify(self.url)))
        formats = (
            "<metadataFormat><metadataPrefix>oai_dc</metadataPrefix><schema>http://www.openarchives.org/OAI/2.0/oai_dc.xsd"
            "</schema><metadataNamespace>http://www.openarchives.org/OAI/2.0/oai_dc/</metadataNamespace></metadataFormat>"
        )
        (answers / "ListMetadataFormats-.xml").write_text(answer("ListMetadataFormats", formats))
        nothing = answer(None, '<error code="noRecordsMatch">nothing new</error>')
        (self.folder / "www/new/ListRecords-.xml").write_text(nothing)
        chance = random.Random(1)
        pages = range(0, self.records, page)
        for number, first in enumerate(pages):
            last = min(first + page, self.records)
            records = "".join(record(item, chance, self._link(item)) for item in range(first, last))
            token = f"p{number + 1}" if last < self.records else ""
            records += f'<resumptionToken completeListSize="{self.records}" cursor="{first}">{token}</resumptionToken>'
            name = f"ListRecords-p{number}.xml" if number else "ListRecords-.xml"
            (answers / name).write_text(answer("ListRecords", records))
        if file_size:
            block = random.Random(2).randbytes(file_size)
            for item in range(self.files):
                head = b"%%PDF-1.4\n%% %d\n" % item
                (self.folder / f"www/files/{item}.pdf").write_bytes(head + block[len(head) :])

    def _link(self, item: int) -> str:
        return f"http://127.0.0.1:{self.port}/files/{item}.pdf" if item < self.files else f"urn:measured:{item}"


def answer(verb, body: str) -> str:
    inside = f"<{verb}>{body}</{verb}>" if verb else body
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="{OAI}"><responseDate>2024-06-01T00:00:00Z</responseDate>'
        f"<request>http://example.org/oai</request>{inside}</OAI-PMH>\n"
    )


def identify(url: str) -> str:
    return (
        f"<repositoryName>Measured</repositoryName><baseURL>{url}</baseURL><protocolVersion>2.0</protocolVersion>"
        f"<adminEmail>a@example.org</adminEmail><earliestDatestamp>2000-01-01T00:00:00Z</earliestDatestamp>"
        f"<deletedRecord>persistent</deletedRecord><granularity>YYYY-MM-DDThh:mm:ssZ</granularity>"
    )


def words(count: int = 20_000) -> list:
    """Words of a language that nobody speaks."""
    letters = random.Random(3)
    return ["".join(letters.choices("etaoinshrdlu", k=letters.randint(3, 9))) for _ in range(count)]


WORDS = words()


def text(chance, count: int) -> str:
    at = chance.randrange(len(WORDS) - count)
    return " ".join(WORDS[at : at + count])


def record(item: int, chance, link: str) -> str:
    """A record as repositories have them: two kilobytes with an abstract."""
    return (
        f"<record><header><identifier>oai:measured.example.org:{item}</identifier><datestamp>{DATE}</datestamp>"
        f"<setSpec>a</setSpec></header><metadata><oai_dc:dc xmlns:oai_dc=\"http://www.openarchives.org/OAI/2.0/oai_dc/\" "
        f"xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>{text(chance, 8)} &amp; {text(chance, 3)}</dc:title>"
        f"<dc:creator>{text(chance, 2)}</dc:creator><dc:creator>{text(chance, 2)}</dc:creator>"
        f"<dc:description>{text(chance, 150)}</dc:description><dc:date>2023-05-06</dc:date><dc:type>Article</dc:type>"
        f"<dc:format>application/pdf</dc:format><dc:identifier>{link}</dc:identifier></oai_dc:dc></metadata></record>"
    )


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
