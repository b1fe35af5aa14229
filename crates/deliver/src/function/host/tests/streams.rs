//! Functions that answer in pieces.

use super::{Bench, invocation, run, until};
use crate::function::call::{Invocation, Invoked, STREAM_BYTES_MAX};
use crate::function::host::stream::{AnswerStream, Ended, Piece};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::future::poll_fn;

impl Bench {
    async fn begin(&self, event: Value) -> Invoked {
        let asked = Invocation { wants_stream: true, ..invocation(event) };
        self.host.invoke(asked).unwrap().unwrap().await.unwrap().unwrap()
    }

    async fn stream(&self, event: Value) -> AnswerStream {
        let streamed = self.begin(event).await.stream.expect("it streams");
        assert_eq!(&*streamed.media, "application/vnd.awslambda.http-integration-response");
        streamed.rest
    }
}

async fn next(stream: &mut AnswerStream) -> Piece {
    poll_fn(|cx| stream.poll_piece(cx)).await
}

/// All that is still to come, and how it ends.
async fn rest(stream: &mut AnswerStream) -> (Vec<u8>, Ended) {
    let mut all = Vec::new();
    loop {
        match next(stream).await {
            Piece::Bytes(bytes) => all.extend(bytes),
            Piece::End(ended) => return (all, ended),
        }
    }
}

#[test]
fn the_first_piece_is_here_before_the_last_is_made() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        let gate = bench.folder.join("gate");
        let mut stream = bench.stream(json!({"do": "stream", "first": "one", "last": "two", "gate": gate})).await;
        // The function goes on only now.
        assert_eq!(next(&mut stream).await, Piece::Bytes(b"one".to_vec()));
        std::fs::write(&gate, "").unwrap();
        assert_eq!(rest(&mut stream).await, (b"two".to_vec(), Ended::default()));
        assert_eq!(bench.ok(json!({"do": "tell"})).await["count"], json!(2), "the process is used again");
        bench.end().await;
    });
}

#[test]
fn who_does_not_want_pieces_gets_the_whole() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        let whole = bench.ask(json!({"do": "stream", "first": "[1,", "last": "2]"})).await.unwrap();
        assert_eq!((&**whole.payload, whole.error, whole.stream.is_none()), (&b"[1,2]"[..], None, true));
        let fault = STANDARD.encode(r#"{"errorType":"X","errorMessage":"told"}"#);
        assert_eq!(bench.error(json!({"do": "stream", "first": "a", "fault": fault})).await, ("X".into(), "told".into()));
        let plain = bench.begin(json!({"do": "tell"})).await;
        assert!(plain.stream.is_none() && !plain.payload.is_empty(), "a function that does not stream answers as ever");
        let large = bench.error(json!({"do": "stream", "first": "a", "megabytes": 7})).await;
        assert_eq!(large.0, "Function.ResponseSizeTooLarge");
        bench.end().await;
    });
}

#[test]
fn how_a_stream_broke_off_is_told_at_its_end() {
    run(async {
        let bench = Bench::new(4);
        let mut build = bench.build("code");
        // Long enough for a process to start on a crowded machine.
        build.timeout_ms = 5_000;
        bench.put(build);
        let fault = STANDARD.encode(r#"{"errorType":"X"}"#);
        for (event, wanted) in [
            (json!({"fault": fault}), r#"{"errorType":"X"}"#),
            (json!({"fault": "!"}), r#"{"errorType":"X","errorMessage":""}"#),
            (json!({"then": "exit"}), "Runtime exited with error: exit status 7"),
            (json!({"then": "hang"}), "Task timed out after 5.00 seconds"),
            (json!({"then": "close"}), "Runtime.TruncatedResponse"),
        ] {
            let mut event = event;
            (event["do"], event["first"]) = (json!("stream"), json!("one"));
            let mut stream = bench.stream(event.clone()).await;
            let (bytes, ended) = rest(&mut stream).await;
            let error = ended.error.unwrap_or_default();
            // What a process wrote right before it exits may be lost with it.
            let came = bytes == b"one" || bytes.is_empty() && event["then"] == "exit";
            assert!(came && error.contains(wanted), "{event}: {error}");
        }
        assert_eq!(bench.ok(json!({"do": "tell"})).await["event"], json!({"do": "tell"}));
        bench.end().await;
    });
}

#[test]
fn who_reads_slowly_holds_the_function_back_and_who_goes_lets_it_go() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        let printed = || bench.log().iter().any(|line| line.ends_with("the gate is open"));
        let mut stream = bench.stream(json!({"do": "stream", "first": "one", "megabytes": 100})).await;
        assert!(matches!(next(&mut stream).await, Piece::Bytes(bytes) if bytes.starts_with(b"one")));
        // Somebody else's whole invocation later it has not come far.
        bench.ok(json!({"do": "tell", "ms": 100})).await;
        assert!(!printed());
        drop(stream);
        until(printed).await;
        bench.end().await;
    });
}

#[test]
fn a_stream_has_a_bound() {
    run(async {
        let bench = Bench::new(4);
        bench.put(bench.build("code"));
        let told = bench.begin(json!({"do": "stream", "length": STREAM_BYTES_MAX + 1})).await;
        let payload: Value = serde_json::from_slice(&told.payload).unwrap();
        assert_eq!(payload["errorType"], "Function.ResponseSizeTooLarge");
        let mut stream = bench.stream(json!({"do": "stream", "first": "one", "megabytes": 200})).await;
        let (mut bytes, mut error) = (0, None);
        while error.is_none() {
            match next(&mut stream).await {
                Piece::Bytes(piece) => bytes += piece.len() as u64,
                Piece::End(ended) => error = Some(ended.error.unwrap_or_default()),
            }
        }
        assert!(bytes <= STREAM_BYTES_MAX && error.is_some_and(|error| error.contains("Function.ResponseSizeTooLarge")));
        bench.end().await;
    });
}
