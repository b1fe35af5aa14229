//! The listening sockets: one for each data thread, all on one port.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Connections the kernel keeps for each thread until they are accepted.
pub(super) const BACKLOG: i32 = 4_096;

/// Bytes of an answer that wait in the kernel to be sent; accepted connections inherit it.
#[cfg(target_os = "linux")]
const UNSENT_BYTES_MAX: u32 = 128 * 1024;

/// Why there is nothing to listen on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("{0} is already in use: another cardea (or another program) listens there")]
    InUse(SocketAddr),
    #[error("{address} cannot be listened on: {why}")]
    Refused { address: SocketAddr, why: io::Error },
    /// A data thread did not start.
    #[error("a data thread did not start: {0}")]
    Thread(io::Error),
    /// A thread's number is one byte of each request id.
    #[error("{0} data threads: it must be 1 to 255")]
    Threads(usize),
}

/// So many listeners on this address. Port 0 is a free port, the same for all.
pub(super) fn listeners(count: usize, address: SocketAddr) -> Result<Vec<TcpListener>, ListenError> {
    let words = |why: io::Error| match why.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse(address),
        _ => ListenError::Refused { address, why },
    };
    if address.port() != 0 {
        // SO_REUSEPORT would let a second server in, and the kernel would deal the connections out between the two.
        drop(TcpListener::bind(address).map_err(words)?);
    }
    let first = shared(address).map_err(words)?;
    let bound = first.local_addr().map_err(words)?;
    let mut all = vec![first];
    for _ in 1..count {
        all.push(shared(bound).map_err(words)?);
    }
    Ok(all)
}

fn shared(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    // What the kernel holds of an answer that its client does not take, beyond what is under way. Without it that is megabytes for each.
    #[cfg(target_os = "linux")]
    socket.set_tcp_notsent_lowat(UNSENT_BYTES_MAX)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_share_the_port_that_the_first_got() {
        let all = listeners(3, "127.0.0.1:0".parse().unwrap()).unwrap();
        let ports: Vec<u16> = all.iter().map(|one| one.local_addr().unwrap().port()).collect();
        assert!(ports[0] != 0 && ports.iter().all(|port| *port == ports[0]), "{ports:?}");
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_refused_in_words() {
        let first = listeners(2, "127.0.0.1:0".parse().unwrap()).unwrap();
        let address = first[0].local_addr().unwrap();
        let error = listeners(2, address).unwrap_err();
        assert_eq!(error.to_string(), format!("{address} is already in use: another cardea (or another program) listens there"));
        drop(first);
        listeners(2, address).unwrap();
    }
}
