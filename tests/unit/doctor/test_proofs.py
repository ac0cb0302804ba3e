"""Look-ups of verification records, against a name server and a web of our own."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import httpx
import pytest

from tasks.doctor.proofs import MAX_BYTES, Proof, look_up
from tests.support.names import NameServer

CODE = "0b9f6f0c-0000-4000-8000-000000000000"


def make_web(pages: Mapping[str, str]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        text = pages.get(str(request.url))
        return httpx.Response(404) if text is None else httpx.Response(200, text=text)

    return httpx.MockTransport(answer)


def looked_up(
    domain: str,
    texts: Mapping[str, list[str]] | None = None,
    pages: Mapping[str, str] | None = None,
    *,
    silent: bool = False,
) -> Proof:
    async def scenario() -> Proof:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: NameServer(texts or {}, silent=silent), local_addr=("127.0.0.1", 0)
        )
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], transport.get_extra_info("sockname")[1]
        try:
            return (await look_up([domain], resolver=resolver, transport=make_web(pages or {})))[domain]
        finally:
            transport.close()

    return asyncio.run(scenario())


@contextmanager
def little_patience() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.doctor.proofs.PATIENCE_S", 0.2)
        yield


@pytest.mark.parametrize("prefix", ["goto-verification-code", "logmein-verification-code"])
def test_both_prefixes_count_in_dns(prefix: str) -> None:
    texts = {"acme.example": ["v=spf1 -all", f"{prefix}={CODE}"]}
    assert looked_up("acme.example", texts) == Proof("acme.example", "dns")


@pytest.mark.parametrize("prefix", ["goto-verification-code", "logmein-verification-code"])
def test_both_prefixes_count_on_the_web_server(prefix: str) -> None:
    pages = {f"http://acme.example/{prefix}.txt": f"{prefix}={CODE}\n"}
    assert looked_up("acme.example", {"acme.example": []}, pages) == Proof("acme.example", "file")


def test_a_record_that_is_not_whole_does_not_count() -> None:
    texts = {"acme.example": ["goto-verification-code=", f"note goto-verification-code={CODE}"]}
    pages = {"http://acme.example/goto-verification-code.txt": f"<html>goto-verification-code={CODE}</html>"}
    assert looked_up("acme.example", texts, pages) == Proof("acme.example")


def test_a_domain_that_does_not_exist_was_asked_and_has_nothing() -> None:
    assert looked_up("nowhere.example") == Proof("nowhere.example")


def test_where_no_name_server_answers_nothing_is_known() -> None:
    with little_patience():
        assert looked_up("acme.example", silent=True) == Proof("acme.example", asked=False)


@pytest.mark.parametrize("domain", ["127.0.0.1", "localhost", "-x.example", "a b.example", ""])
def test_what_is_no_domain_is_not_asked_for(domain: str) -> None:
    pages = {f"http://{domain}/goto-verification-code.txt": f"goto-verification-code={CODE}"}
    assert looked_up(domain, {domain: [f"goto-verification-code={CODE}"]}, pages) == Proof(domain, asked=False)


def test_a_page_without_end_is_not_read_to_its_end() -> None:
    pages = {"http://acme.example/goto-verification-code.txt": f"goto-verification-code={CODE}" + " " * MAX_BYTES}
    assert looked_up("acme.example", {"acme.example": []}, pages) == Proof("acme.example")
