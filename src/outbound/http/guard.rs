//! The address guard: a provider's name must not lead inside. Checked on what a name resolves to, at the moment of
//! connecting, so that a name which changes its address between check and use is caught too.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Refuses loopback, private, link-local and other inner addresses.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// Lets everything through: for trying out.
    pub allow_private: bool,
}

/// A name that leads only to inner addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its address is loopback, private or link-local, and outbound.allow_private is false")]
pub struct Inside;

impl Guard {
    /// Checks the host of a URL where it is an address: names are checked when they are resolved.
    ///
    /// # Errors
    /// [`Inside`].
    pub fn literal(self, url: &Url) -> Result<(), Inside> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if self.lets(address) { Ok(()) } else { Err(Inside) }
    }

    /// Those of the addresses that may be connected to.
    ///
    /// # Errors
    /// [`Inside`] when there were some and none may.
    pub fn only_outside(self, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Inside> {
        let some = !addresses.is_empty();
        let outside: Vec<_> = addresses.into_iter().filter(|address| self.lets(address.ip())).collect();
        if some && outside.is_empty() { Err(Inside) } else { Ok(outside) }
    }

    fn lets(self, address: IpAddr) -> bool {
        self.allow_private || !inside(address)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(guard.only_outside(found)?.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is not on the public network.
fn inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => inside_v4(address),
        IpAddr::V6(address) => inside_v6(address),
    }
}

/// RFC 6890 and its registry; the metadata services of clouds live in 169.254/16 and 100.64/10.
fn inside_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240
}

/// Unique-local, link-local, loopback; and what carries a version 4 address inside.
fn inside_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, fourth, ..] = address.segments();
    let [.., c, d] = address.segments();
    let embedded = || {
        let ([a, b], [c, d]) = (c.to_be_bytes(), d.to_be_bytes());
        inside_v4(Ipv4Addr::new(a, b, c, d))
    };
    let nat64 = (first, second, third, fourth) == (0x64, 0xff9b, 0, 0);
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || (first & 0xfe00) == 0xfc00
        || (first & 0xffc0) == 0xfe80
        || (first & 0xffc0) == 0xfec0
        || (first, second) == (0x2001, 0x0db8)
        || (first, second) == (0x64, 0xff9b) && !nat64
        || first == 0x2002
        || (nat64 || address.to_ipv4_mapped().is_some() || (first, second, third, fourth) == (0, 0, 0, 0)) && embedded()
}

#[cfg(test)]
mod tests {
    use super::{Guard, Inside, inside};
    use url::Url;

    #[test]
    fn every_kind_of_inner_address_is_inside_and_public_ones_are_not() {
        let inner = [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "198.18.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:a00:1::",
            "2001:db8::1",
        ];
        for address in inner {
            assert!(inside(address.parse().unwrap()), "{address} was let through");
        }
        let outer = [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.169.0.1",
            "2606:4700::1111",
            "64:ff9b::101:101",
            "::ffff:8.8.8.8",
        ];
        for address in outer {
            assert!(!inside(address.parse().unwrap()), "{address} was refused");
        }
    }

    #[test]
    fn a_literal_address_is_checked_however_it_is_written() {
        let guard = Guard { allow_private: false };
        for url in
            ["http://127.0.0.1/x", "http://[::1]:80/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/"]
        {
            assert_eq!(guard.literal(&Url::parse(url).unwrap()), Err(Inside), "{url}");
        }
        assert_eq!(guard.literal(&Url::parse("http://localhost/").unwrap()), Ok(()), "names wait for their resolution");
        assert_eq!(Guard { allow_private: true }.literal(&Url::parse("http://127.0.0.1/").unwrap()), Ok(()));
    }

    #[test]
    fn a_name_is_refused_only_when_all_its_addresses_are_inside() {
        let guard = Guard { allow_private: false };
        let addresses = |list: &[&str]| list.iter().map(|address| format!("{address}:0").parse().unwrap()).collect();
        assert_eq!(guard.only_outside(addresses(&["10.0.0.1", "1.1.1.1"])).unwrap(), addresses(&["1.1.1.1"]));
        assert_eq!(guard.only_outside(addresses(&["10.0.0.1"])), Err(Inside));
        assert_eq!(guard.only_outside(Vec::new()), Ok(Vec::new()));
    }
}
