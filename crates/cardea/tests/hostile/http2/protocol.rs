//! Frames that break the protocol itself: their connection ends, others do not.

use super::case::{Attack, Fields, Gets, STREAM, request};
use super::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE,
    WITH_PRIORITY, block, frame, setting, text,
};
use crate::case::Meant;

pub(crate) fn attacks() -> Vec<Attack> {
    let mut attacks = Vec::new();
    streams(&mut attacks);
    blocks(&mut attacks);
    settings(&mut attacks);
    windows(&mut attacks);
    attacks
}

fn get() -> Fields {
    // Raw frames are not numbered: what they ask for must never arrive.
    super::case::but(request("GET"), ":path", "/smuggled")
}

fn head(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(&get()))
}

fn ended(name: &str, bytes: Vec<u8>) -> Attack {
    Attack::new(name, Gets::End).raw(bytes)
}

fn streams(attacks: &mut Vec<Attack>) {
    attacks.extend([
        ended("a head on the stream of the connection", head(0)),
        ended("a head on an even stream", head(2)),
        ended("a head on the stream of an answered request", head(1)),
        ended("a body on the stream of the connection", frame(DATA, END_STREAM, 0, b"hello")),
        ended("a body on a stream that nobody opened", frame(DATA, END_STREAM, 9, b"hello")),
        ended("a body on an even stream", frame(DATA, END_STREAM, 2, b"hello")),
        ended("a reset of a stream that nobody opened", frame(RST_STREAM, 0, 9, &[0, 0, 0, 8])),
        ended("a reset of the connection's stream", frame(RST_STREAM, 0, 0, &[0, 0, 0, 8])),
        ended("a reset of three bytes", [frame(HEADERS, END_HEADERS, 7, &block(&get())), frame(RST_STREAM, 0, 7, &[0; 3])].concat()),
        ended("a promise by a client", frame(PUSH_PROMISE, END_HEADERS, STREAM, &[&2u32.to_be_bytes()[..], &block(&get())].concat())),
        ended("a ping of seven bytes", frame(PING, 0, 0, &[0; 7])),
        ended("a ping on a stream", frame(PING, 0, STREAM, &[0; 8])),
        ended("a priority of four bytes", frame(PRIORITY, 0, STREAM, &[0; 4])),
        ended("a priority of the connection's stream", frame(PRIORITY, 0, 0, &[0; 5])),
        ended("a frame of 16,385 bytes", frame(DATA, 0, 1, &[0; 16_385])),
        ended("a frame of 16 MB, announced", vec![0xff, 0xff, 0xff, DATA, 0, 0, 0, 0, 1]),
        ended("the preface again", PREFACE.to_vec()),
        ended("a request of HTTP/1.1", b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
    ]);
    let closed = frame(DATA, END_STREAM, 1, b"GET /smuggled HTTP/1.1\r\n\r\n");
    // It may have been on its way when the stream was closed, so it is passed over (RFC 9113, 5.1).
    let late = Attack::new("a body on the stream of an answered request", Gets::Answer).raw(closed);
    attacks.push(late.head(request("GET")).means(Meant::new("GET", b"")));
    let unknown = frame(0xbb, 0xff, STREAM, b"GET /smuggled HTTP/1.1\r\n\r\n");
    attacks.push(Attack::new("a frame that nobody knows", Gets::Answer).raw(unknown).head(request("GET")).means(Meant::new("GET", b"")));
    let own = [&STREAM.to_be_bytes()[..], &[16], &block(&get())].concat();
    attacks.push(Attack::new("a stream that depends on itself", Gets::Refusal).raw(frame(
        HEADERS,
        END_HEADERS | END_STREAM | WITH_PRIORITY,
        STREAM,
        &own,
    )));
}

fn blocks(attacks: &mut Vec<Attack>) {
    attacks.push(ended("a field that is kept once and named 12,000 times", bomb()));
    let block = block(&get());
    let (one, other) = block.split_at(20);
    let begun = frame(HEADERS, END_STREAM, STREAM, one);
    let rest = frame(CONTINUATION, END_HEADERS, STREAM, other);
    attacks.extend([
        ended("the rest of a head that nobody began", rest.clone()),
        ended("the rest of another stream's head", [&begun[..], &frame(CONTINUATION, END_HEADERS, 7, other)].concat()),
        ended("a body within a head", [&begun[..], &frame(DATA, 0, STREAM, b"x"), &rest].concat()),
        ended("a ping within a head", [&begun[..], &frame(PING, 0, 0, &[0; 8]), &rest].concat()),
        ended("a head within a head", [&begun[..], &head(7), &rest].concat()),
        ended("settings within a head", [&begun[..], &frame(SETTINGS, 0, 0, b""), &rest].concat()),
        ended("a frame that nobody knows within a head", [&begun[..], &frame(0xbb, 0, STREAM, b""), &rest].concat()),
        ended("a field of a table that has none", frame(HEADERS, END_HEADERS | END_STREAM, STREAM, &[0xff, 0xff, 0x0f])),
        ended("field 0", frame(HEADERS, END_HEADERS | END_STREAM, STREAM, &[0x80])),
        ended("half a field", frame(HEADERS, END_HEADERS | END_STREAM, STREAM, &[0x10, 5, b'x'])),
        ended("a number that never ends", frame(HEADERS, END_HEADERS | END_STREAM, STREAM, &[0xff; 64])),
        ended("a table larger than allowed", frame(HEADERS, END_HEADERS | END_STREAM, STREAM, &[0x3f, 0xff, 0xff, 0x7f])),
        ended("a text of no code", frame(HEADERS, END_HEADERS | END_STREAM, STREAM, &[0x10, 0x84, 0xff, 0xff, 0xff, 0xff, 1, b'x'])),
    ]);
}

/// A field that is kept once and named twelve thousand times: 48 MB out of one frame.
fn bomb() -> Vec<u8> {
    let kept = [&[0x40][..], &text(b"x-own"), &text(&[b'y'; 4_000])].concat();
    let named = [0xbe; 12_000];
    frame(HEADERS, END_HEADERS | END_STREAM, STREAM, &[block(&get()), kept, named.to_vec()].concat())
}

fn settings(attacks: &mut Vec<Attack>) {
    let with = |name: &str, id, value| ended(name, frame(SETTINGS, 0, 0, &setting(id, value)));
    attacks.extend([
        with("pushes, 2 of them", 2, 2),
        with("a window of 2 GiB", 4, 0x8000_0000),
        with("frames of 16,383 bytes", 5, 16_383),
        with("frames of 16 MiB", 5, 0x0100_0000),
        ended("settings of five bytes", frame(SETTINGS, 0, 0, &[0; 5])),
        ended("settings on a stream", frame(SETTINGS, 0, STREAM, b"")),
        ended("thanks for settings, with settings", frame(SETTINGS, ACK, 0, &setting(4, 1))),
        ended("thanks for settings that nobody sent", [frame(SETTINGS, ACK, 0, b""), frame(SETTINGS, ACK, 0, b"")].concat()),
    ]);
    let unknown = frame(SETTINGS, 0, 0, &setting(0xbbbb, 7));
    attacks.push(Attack::new("a setting that nobody knows", Gets::Answer).raw(unknown).head(request("GET")).means(Meant::new("GET", b"")));
}

fn windows(attacks: &mut Vec<Attack>) {
    let update = |stream, by: u32| frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes());
    attacks.extend([
        ended("a window opened by nothing", update(0, 0)),
        ended("a window of more than 2 GiB", [update(0, 0x7fff_ffff), update(0, 0x7fff_ffff)].concat()),
        ended("a window of a stream that nobody opened", update(9, 1)),
        ended("a window of three bytes", frame(WINDOW_UPDATE, 0, 0, &[0; 3])),
    ]);
    let open = |name: &str, gets| Attack::new(name, gets).cut().open(request("POST"));
    attacks.push(open("a stream's window opened by nothing", Gets::End).raw(update(STREAM, 0)));
    attacks.push(open("a stream's window of more than 2 GiB", Gets::Refusal).raw(update(STREAM, 0x7fff_ffff)));
}
