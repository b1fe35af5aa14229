//! Proxies in front of this node that are believed when they say whom a request came from.

use base::gate::Exchange;
use h1::{Known, RequestHead};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Networks are looked at one after the other, for each request that comes from one of them.
pub const NETWORKS_MAX: usize = 256;

/// Addresses that begin with the same bits, as `10.0.0.0/8`. A bare address is itself alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// A text that is no [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotANetwork {
    #[error("it must be an address, or an address and a number of bits, as in 10.0.0.0/8")]
    Form,
    /// Written so, it is likely that something else was meant.
    #[error("there are bits in the address beyond the network's own")]
    BitsBeyond,
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Network, NotANetwork> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| NotANetwork::Form)?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => bits_max,
            Some(bits) => {
                let number: Option<u8> = bits.parse().ok();
                number.filter(|number| *number <= bits_max && number.to_string() == bits).ok_or(NotANetwork::Form)?
            }
        };
        let network = Network { address, bits };
        if network.first() == address { Ok(network) } else { Err(NotANetwork::BitsBeyond) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4() && Network { address, bits: self.bits }.first() == self.address
    }

    /// The first address of the network that has this one in it.
    fn first(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => IpAddr::V4((address.to_bits() & u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0)).into()),
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0)).into()),
        }
    }
}

/// The networks of our own proxies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    pub fn new(networks: Vec<Network>) -> TrustedProxies {
        TrustedProxies(networks)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Does one of our proxies have this address?
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        // A listener for both families tells IPv4 in IPv6's clothes.
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }

    /// Notes who sent a request whose head is here: the other end of the socket, or whom our proxies name.
    pub(super) fn note_peer(&self, socket: SocketAddr, ex: &mut Exchange) {
        ex.request.peer = if self.is_empty() || !self.trusts(socket.ip()) { socket } else { self.named(socket, &ex.request.head) };
    }

    /// Each proxy adds whom it saw at the end of `X-Forwarded-For`. The last one there that is no proxy of ours is the client; what
    /// stands before it, the client may have invented. A name that is no address ends the search.
    fn named(&self, socket: SocketAddr, head: &RequestHead) -> SocketAddr {
        let mut client = socket;
        let lists = head.fields().iter().rev().filter(|field| field.known == Known::XForwardedFor);
        for name in lists.flat_map(|field| field.value.rsplit(|byte| *byte == b',')) {
            let Some(address) = address(name) else { break };
            client = address;
            if !self.trusts(address.ip()) {
                break;
            }
        }
        client
    }
}

/// An address as proxies write it: alone (then its port is 0), or with a port.
fn address(name: &[u8]) -> Option<SocketAddr> {
    let name = std::str::from_utf8(name).ok()?.trim_matches([' ', '\t']);
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let alone = bare.parse::<IpAddr>().map(|address| SocketAddr::new(address, 0));
    alone.or_else(|_| name.parse()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use h1::Version;

    fn trusted() -> TrustedProxies {
        TrustedProxies::new(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"].map(|text| text.parse().unwrap()).into())
    }

    fn client(socket: &str, lists: &[&str]) -> String {
        let mut head = RequestHead::build("GET", "/", Version::Http11).push("Host", b"a");
        for list in lists {
            head = head.push("X-Forwarded-For", list.as_bytes());
        }
        let socket: SocketAddr = socket.parse().unwrap();
        let head = head.finish().unwrap();
        if trusted().trusts(socket.ip()) { trusted().named(socket, &head).to_string() } else { socket.to_string() }
    }

    #[test]
    fn networks_are_read_strictly() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "::/0", "::1/128", "192.0.2.0/31"] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
        assert_eq!("192.0.2.7".parse::<Network>().unwrap().to_string(), "192.0.2.7/32");
        for text in ["", "a", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/08", "10/8", "::/129", "10.0.0.0/8/8"] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork::Form), "{text}");
        }
        assert_eq!("10.0.0.1/8".parse::<Network>(), Err(NotANetwork::BitsBeyond));
    }

    #[test]
    fn a_network_ends_where_it_ends() {
        let trusted = trusted();
        for (address, is_ours) in [
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("192.0.2.7", true),
            ("192.0.2.6", false),
            ("::ffff:10.1.2.3", true),
            ("2001:db8:ffff::1", true),
            ("2001:db9::", false),
        ] {
            assert_eq!(trusted.trusts(address.parse().unwrap()), is_ours, "{address}");
        }
    }

    #[test]
    fn the_last_address_that_is_no_proxy_of_ours_is_the_clients() {
        assert_eq!(client("198.51.100.1:5", &["203.0.113.9"]), "198.51.100.1:5", "a stranger is not believed");
        assert_eq!(client("10.0.0.1:5", &[]), "10.0.0.1:5");
        assert_eq!(client("10.0.0.1:5", &["203.0.113.9"]), "203.0.113.9:0");
        assert_eq!(client("10.0.0.1:5", &["1.1.1.1, 203.0.113.9,10.0.0.2"]), "203.0.113.9:0", "the first was invented");
        assert_eq!(client("10.0.0.1:5", &["1.1.1.1", "203.0.113.9", "10.0.0.2"]), "203.0.113.9:0", "several fields are one list");
        assert_eq!(client("10.0.0.1:5", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3:0", "all are ours: the first of them asked");
        assert_eq!(client("10.0.0.1:5", &["203.0.113.9, unknown, 10.0.0.2"]), "10.0.0.2:0");
        assert_eq!(client("10.0.0.1:5", &["203.0.113.9:80"]), "203.0.113.9:80");
        assert_eq!(client("[2001:db8::1]:5", &["[2001:db9::1]:80"]), "[2001:db9::1]:80");
        assert_eq!(client("10.0.0.1:5", &["[2001:db9::1]"]), "[2001:db9::1]:0");
    }
}
