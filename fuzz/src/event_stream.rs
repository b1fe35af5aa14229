//! Event streams of Lambda: however they are cut they say the same, and what is said again has the same meaning.

use deliver::function::event_stream::{Message, read, write_chunk, write_complete};

/// All messages, as they come in pieces of this size; and whether it went well.
fn messages(bytes: &[u8], piece: usize) -> (Vec<Message>, bool) {
    let (mut buf, mut told) = (Vec::new(), Vec::new());
    for part in bytes.chunks(piece.max(1)) {
        buf.extend_from_slice(part);
        loop {
            match read(&mut buf) {
                Ok(Some(message)) => told.push(message),
                Ok(None) => break,
                Err(_) => return (told, false),
            }
        }
    }
    (told, true)
}

pub(crate) fn run(bytes: &[u8]) {
    let (at_once, well) = messages(bytes, bytes.len());
    assert_eq!((&at_once, well), (&messages(bytes, 1).0, messages(bytes, 1).1), "cut into bytes it is another stream");
    for message in at_once {
        let mut again = Vec::new();
        match &message {
            Message::Chunk(payload) => write_chunk(&mut again, payload),
            Message::Complete(complete) => write_complete(&mut again, complete),
            Message::Exception(..) | Message::Other => continue,
        }
        assert_eq!(messages(&again, 7), (vec![message], true));
    }
}
