"""A DNS of our own: one that answers over the network, and one in memory."""

import asyncio
from collections.abc import Mapping
from typing import Any

import dns.message
import dns.rcode
import dns.rdata
import dns.resolver
import dns.rrset


class NameServer(asyncio.DatagramProtocol):
    """Answers TXT questions from a table; every other name does not exist. *silent* answers nobody."""

    def __init__(self, texts: Mapping[str, list[str]], *, silent: bool = False) -> None:
        self.texts = texts
        self.silent = silent
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text(omit_final_dot=True)
        self.asked.append(name)
        if self.silent:
            return
        reply = dns.message.make_response(question)
        if name in self.texts:
            for text in self.texts[name]:
                reply.answer.append(dns.rrset.from_text(name + ".", 60, "IN", "TXT", f'"{text}"'))
        else:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(reply.to_wire(), addr)  # type: ignore[attr-defined]


class Resolver:
    """A DNS in which acme.com takes mail, nobody.com is not there, and slow.com does not answer."""

    lifetime = 1
    nameservers = ("127.0.0.1",)

    def resolve(self, domain: Any, kind: str) -> list[Any]:
        name = str(domain).rstrip(".")
        if name == "slow.com":
            raise dns.resolver.NoNameservers
        if name != "acme.com":
            raise dns.resolver.NXDOMAIN
        if kind != "MX":
            raise dns.resolver.NoAnswer
        return [dns.rdata.from_text("IN", "MX", "10 mx.acme.com.")]
