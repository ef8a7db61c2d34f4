//! What holds for any address and any wait.

use std::net::{Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, TimeDelta, Utc};
use granary_fetch::{Backoff, is_public, parse_retry_after};
use proptest::prelude::*;

/// `address` behind the first `prefix.len()` segments of an IPv6 address, and zeros after it.
fn embed(prefix: &[u16], address: Ipv4Addr) -> Ipv6Addr {
    let [a, b, c, d] = address.octets();
    let mut segments = [0; 8];
    segments[..prefix.len()].copy_from_slice(prefix);
    segments[prefix.len()] = u16::from_be_bytes([a, b]);
    segments[prefix.len() + 1] = u16::from_be_bytes([c, d]);
    segments.into()
}

proptest! {
    #[test]
    fn an_ipv4_address_is_judged_the_same_wherever_it_is_embedded(bits: u32) {
        let address = Ipv4Addr::from_bits(bits);
        let expected = is_public(address.into());
        for prefix in [
            &[0, 0, 0, 0, 0, 0xffff][..], // mapped
            &[0; 6],                      // compatible
            &[0x64, 0xff9b, 0, 0, 0, 0],  // NAT64
            &[0x2002],                    // 6to4
        ] {
            let embedded = embed(prefix, address);
            prop_assert_eq!(is_public(embedded.into()), expected, "{} in {}", address, embedded);
        }
        let teredo = embed(&[0x2001, 0, 0x0808, 0x0808, 0, 0], Ipv4Addr::from_bits(!bits));
        prop_assert_eq!(is_public(teredo.into()), expected, "{} in {}", address, teredo);
    }

    #[test]
    fn what_the_standard_library_calls_private_is_not_public(bits: u32) {
        let address = Ipv4Addr::from_bits(bits);
        let private = address.is_private() || address.is_loopback() || address.is_link_local()
            || address.is_multicast() || address.is_broadcast() || address.is_documentation()
            || address.is_unspecified();
        prop_assert!(!(private && is_public(address.into())), "{}", address);
    }

    #[test]
    fn outside_of_2000_slash_3_only_what_embeds_a_public_ipv4_address_is_public(bits: u128) {
        let address = Ipv6Addr::from_bits(bits);
        let [first, second, ..] = address.segments();
        let embeds = first == 0 || (first, second) == (0x64, 0xff9b);
        prop_assert!(first & 0xe000 == 0x2000 || embeds || !is_public(address.into()), "{}", address);
    }

    #[test]
    fn seconds_and_dates_say_the_same(seconds in 0_i64..30_000_000, now in 0_i64..4_000_000_000) {
        let now = DateTime::from_timestamp(now, 0).expect("in range");
        let then = now + TimeDelta::seconds(seconds);
        let date = httpdate::fmt_http_date(then.into());
        prop_assert_eq!(parse_retry_after(&seconds.to_string(), now), Some(then));
        prop_assert_eq!(parse_retry_after(&date, now), Some(then));
    }

    #[test]
    fn any_text_is_a_time_or_nothing(text: String) {
        let now: DateTime<Utc> = DateTime::UNIX_EPOCH;
        if let Some(time) = parse_retry_after(&text, now) {
            prop_assert!(time <= now + TimeDelta::days(366), "{}", time);
        }
    }

    #[test]
    fn no_wait_is_longer_than_its_cap(attempt: u32, base: u64, cap: u64, seed: u64) {
        let millis = std::time::Duration::from_millis;
        let backoff = Backoff { base: millis(base), cap: millis(cap) };
        prop_assert!(backoff.delay(attempt, &mut fastrand::Rng::with_seed(seed)) <= backoff.cap);
    }
}
