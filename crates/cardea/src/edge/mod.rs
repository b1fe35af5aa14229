//! Sockets: bytes ⇄ exchanges. (To be written.)
