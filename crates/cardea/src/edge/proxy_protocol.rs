//! The PROXY protocol, versions 1 and 2: a load balancer says, before the connection's first byte, whom it comes from. Where it is
//! asked for, a connection without it is none: who could leave it out could say anything.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// What version 2 begins with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// A header of version 2 up to its addresses.
const FIXED_BYTES: usize = SIGNATURE.len() + 4;
/// The longest line of version 1, with its end.
const LINE_BYTES_MAX: usize = 107;
/// Addresses and whatever a balancer adds to them in version 2.
const REST_BYTES_MAX: usize = 4_096;

/// Takes the header off a connection. Nothing: the balancer speaks for itself (a check of its own), or cannot tell.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Option<SocketAddr>> {
    let mut head = [0; FIXED_BYTES];
    let (start, fixed) = head.split_at_mut(SIGNATURE.len());
    stream.read_exact(start).await?;
    if start == SIGNATURE {
        stream.read_exact(fixed).await?;
        let (command, family) = (fixed[0], fixed[1]);
        let bytes = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
        if bytes > REST_BYTES_MAX {
            return Err(wrong("a PROXY header that is too long"));
        }
        let mut rest = vec![0; bytes];
        stream.read_exact(&mut rest).await?;
        return version_2(command, family, &rest).map_err(wrong);
    }
    if !start.starts_with(b"PROXY ") {
        return Err(wrong("no PROXY header"));
    }
    let mut line = start.to_vec();
    while line.last() != Some(&b'\n') {
        // What follows the line is looked at, and stays.
        let mut ahead = [0; LINE_BYTES_MAX];
        let room = LINE_BYTES_MAX - line.len();
        if room == 0 {
            return Err(wrong("a PROXY line that is too long"));
        }
        let bytes = stream.peek(&mut ahead[..room]).await?;
        let ends = ahead[..bytes].iter().position(|byte| *byte == b'\n').map_or(bytes, |at| at + 1);
        if ends == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        stream.read_exact(&mut ahead[..ends]).await?;
        line.extend_from_slice(&ahead[..ends]);
    }
    version_1(&line).map_err(wrong)
}

fn wrong(because: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, because)
}

/// `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`, with its line end.
fn version_1(line: &[u8]) -> Result<Option<SocketAddr>, &'static str> {
    const FORM: &str = "a PROXY line that is not written as it must be";
    let line = line.strip_suffix(b"\r\n").and_then(|line| std::str::from_utf8(line).ok()).ok_or(FORM)?;
    let words: Vec<&str> = line.split(' ').collect();
    let (family, source, target, ports) = match words[..] {
        ["PROXY", "UNKNOWN", ..] => return Ok(None),
        ["PROXY", family, source, target, source_port, target_port] => (family, source, target, [source_port, target_port]),
        _ => return Err(FORM),
    };
    let address = |text: &str| -> Result<IpAddr, &'static str> {
        match family {
            "TCP4" => text.parse().map(IpAddr::V4).map_err(|_| FORM),
            "TCP6" => text.parse().map(IpAddr::V6).map_err(|_| FORM),
            _ => Err(FORM),
        }
    };
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| port.to_string() == text).ok_or(FORM);
    let (source, _) = (address(source)?, address(target)?);
    let (source_port, _) = (port(ports[0])?, port(ports[1])?);
    Ok(Some(SocketAddr::new(source, source_port)))
}

/// The addresses of version 2; what a balancer adds behind them is passed over.
fn version_2(command: u8, family: u8, rest: &[u8]) -> Result<Option<SocketAddr>, &'static str> {
    const LOCAL: u8 = 0x20;
    const PROXY: u8 = 0x21;
    const SHORT: &str = "a PROXY header that is too short";
    match (command, family) {
        (LOCAL, _) | (PROXY, 0x00) => Ok(None),
        // Over TCP: two addresses, two ports, the source's first.
        (PROXY, 0x11) => {
            let [a, b, c, d, _, _, _, _, port_high, port_low, _, _] = *rest.first_chunk::<12>().ok_or(SHORT)?;
            let port = u16::from_be_bytes([port_high, port_low]);
            Ok(Some(SocketAddr::new(Ipv4Addr::new(a, b, c, d).into(), port)))
        }
        (PROXY, 0x21) => {
            let whole = rest.first_chunk::<36>().ok_or(SHORT)?;
            let source = *whole.first_chunk::<16>().ok_or(SHORT)?;
            let port = u16::from_be_bytes([whole[32], whole[33]]);
            Ok(Some(SocketAddr::new(Ipv6Addr::from(source).into(), port)))
        }
        _ => Err("a PROXY header for something else than TCP, or of another version"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_must_be_written_and_in_no_other_way() {
        let read = |line: &str| version_1(line.as_bytes()).map(|source| source.map(|source| source.to_string()));
        assert_eq!(read("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n"), Ok(Some("192.0.2.1:56324".into())));
        assert_eq!(read("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"), Ok(Some("[2001:db8::1]:1".into())));
        assert_eq!(read("PROXY UNKNOWN\r\n"), Ok(None));
        assert_eq!(read("PROXY UNKNOWN ffff::1 ::1 1 2\r\n"), Ok(None));
        for line in [
            "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 \r\n",
            "PROXY TCP4  192.0.2.1 198.51.100.1 56324 443\r\n",
            "PROXY TCP4 ::1 198.51.100.1 56324 443\r\n",
            "PROXY TCP6 192.0.2.1 ::1 56324 443\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 +1 443\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.1 01 443\r\n",
            "PROXY UDP4 192.0.2.1 198.51.100.1 1 443\r\n",
            "PROXY \r\n",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_binary_header_says_who_over_tcp_alone() {
        let four = [192, 0, 2, 1, 198, 51, 100, 1, 0, 80, 1, 187];
        assert_eq!(version_2(0x21, 0x11, &four), Ok(Some("192.0.2.1:80".parse().unwrap())));
        assert_eq!(version_2(0x21, 0x11, &[&four[..], b"more"].concat()), Ok(Some("192.0.2.1:80".parse().unwrap())));
        let six = [&[0; 15][..], &[1], &[0; 16], &[0, 80, 1, 187]].concat();
        assert_eq!(version_2(0x21, 0x21, &six), Ok(Some("[::1]:80".parse().unwrap())));
        assert_eq!((version_2(0x20, 0x11, &four), version_2(0x21, 0, b"")), (Ok(None), Ok(None)));
        for (command, family, rest) in [(0x21, 0x11, &four[..11]), (0x21, 0x21, &six[..35]), (0x21, 0x12, &four), (0x11, 0x11, &four)] {
            assert!(version_2(command, family, rest).is_err(), "{command:x} {family:x}");
        }
    }
}
