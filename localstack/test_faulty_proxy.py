"""The proxy in front of a real server on loopback: `python3 -m unittest discover localstack`."""

import http.client
import json
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from faulty_proxy import Chance, Fate, Proxy, operation_of


class Store(BaseHTTPRequestHandler):
    """Keeps what is put, and remembers the hosts that were named."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_PUT(self):
        self.server.kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.hosts.append(self.headers["Host"])
        self._answer(b"")

    def do_GET(self):
        self._answer(self.server.kept[self.path])

    def _answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class FaultyProxy(unittest.TestCase):
    def setUp(self):
        self.store = self.serve(ThreadingHTTPServer(("127.0.0.1", 0), Store))
        self.store.kept, self.store.hosts = {}, []

    def serve(self, server):
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def proxy(self, **faults):
        upstream = f"http://127.0.0.1:{self.store.server_port}"
        return self.serve(Proxy(("127.0.0.1", 0), upstream, Chance(**faults)))

    def client(self, proxy):
        client = http.client.HTTPConnection("127.0.0.1", proxy.server_port)
        self.addCleanup(client.close)
        return client

    def ask(self, client, method, path, body=None):
        client.request(method, path, body)
        answer = client.getresponse()
        return answer.status, answer.read()

    def test_bodies_pass_in_both_directions_on_one_connection(self):
        proxy = self.proxy()
        client = self.client(proxy)
        body = bytes(range(256)) * 4000
        self.assertEqual(self.ask(client, "PUT", "/b/a%20%2Bk?x=1", body), (200, b""))
        self.assertEqual(self.ask(client, "GET", "/b/a%20%2Bk?x=1"), (200, body))
        self.assertEqual(self.store.hosts, [f"127.0.0.1:{proxy.server_port}"])

    def test_a_slowed_request_does_not_reach_the_server_and_the_connection_goes_on(self):
        client = self.client(self.proxy(slow_down=1))
        status, body = self.ask(client, "PUT", "/b/k", b"bytes")
        self.assertEqual((status, b"<Code>SlowDown</Code>" in body), (503, True))
        self.assertEqual(self.ask(client, "PUT", "/b/k", b"bytes")[0], 503)
        self.assertEqual(self.store.kept, {})

    def test_a_lost_write_is_written_and_not_answered(self):
        client = self.client(self.proxy(lose=1))
        with self.assertRaises(http.client.RemoteDisconnected):
            self.ask(client, "PUT", "/b/k", b"bytes")
        self.assertEqual(self.store.kept, {"/b/k": b"bytes"})

    def test_a_lost_read_breaks_off_in_the_middle(self):
        self.store.kept["/b/k"] = b"0123456789"
        with self.assertRaises(http.client.IncompleteRead) as broken:
            self.ask(self.client(self.proxy(lose=1)), "GET", "/b/k")
        self.assertEqual(broken.exception.partial, b"01234")

    def test_requests_are_counted_until_the_count_is_reset(self):
        client = self.client(self.proxy(slow_down=1))
        self.ask(client, "PUT", "/b/k", b"")
        self.ask(client, "POST", "/_faults", json.dumps({"lose": 0}))
        self.ask(client, "PUT", "/b/k", b"")
        self.ask(client, "GET", "/b/k")
        expected = {"requests": 3, "operations": {"GetObject": 1, "PutObject": 2}, "slowed": {"PutObject": 1}, "lost": {}}
        self.assertEqual(json.loads(self.ask(client, "GET", "/_count")[1]), expected)
        self.ask(client, "POST", "/_reset")
        self.assertEqual(json.loads(self.ask(client, "GET", "/_count")[1])["requests"], 0)

    def test_a_server_that_is_not_there_is_a_bad_gateway(self):
        self.store.server_close()
        self.assertEqual(self.ask(self.client(self.proxy()), "GET", "/b/k")[0], 502)


class Names(unittest.TestCase):
    def test_operations_have_the_names_of_aws(self):
        for method, target, expected in [
            ("GET", "/b/a/key", "GetObject"),
            ("HEAD", "/b/a/key", "HeadObject"),
            ("PUT", "/b/a/key", "PutObject"),
            ("DELETE", "/b/a/key", "DeleteObject"),
            ("POST", "/b/key?uploads", "CreateMultipartUpload"),
            ("PUT", "/b/key?partNumber=1&uploadId=u", "UploadPart"),
            ("POST", "/b/key?uploadId=u", "CompleteMultipartUpload"),
            ("DELETE", "/b/key?uploadId=u", "AbortMultipartUpload"),
            ("GET", "/b?list-type=2&prefix=a", "ListObjectsV2"),
            ("GET", "/b/?list-type=2", "ListObjectsV2"),
            ("POST", "/b?delete", "DeleteObjects"),
            ("GET", "/b?versioning", "GET ?versioning"),
            ("HEAD", "/b", "HeadBucket"),
            ("PUT", "/b", "CreateBucket"),
        ]:
            with self.subTest(f"{method} {target}"):
                self.assertEqual(operation_of(method, target, {}), expected)
        self.assertEqual(operation_of("POST", "/", {"X-Amz-Target": "AmazonSQS.SendMessageBatch"}), "SendMessageBatch")
        self.assertEqual(operation_of("PUT", "/b/k", {"x-amz-copy-source": "/b/j"}), "CopyObject")


class Chances(unittest.TestCase):
    def test_fates_follow_from_the_seed_and_have_their_shares(self):
        def fates(seed):
            chance = Chance(slow_down=0.1, lose=0.2, seed=seed)
            return [chance.draw() for _ in range(10_000)]

        self.assertEqual(fates(1), fates(1))
        self.assertNotEqual(fates(1), fates(2))
        self.assertAlmostEqual(fates(1).count(Fate.SLOWED), 1000, delta=150)
        self.assertAlmostEqual(fates(1).count(Fate.LOST), 2000, delta=200)

    def test_shares_beyond_the_whole_are_refused(self):
        for faults in ({"slow_down": 0.6, "lose": 0.6}, {"lose": -0.1}):
            with self.subTest(faults), self.assertRaises(ValueError):
                Chance(**faults)


if __name__ == "__main__":
    unittest.main()
