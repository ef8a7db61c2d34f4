#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| granary_fuzz_checks::landing(data));
