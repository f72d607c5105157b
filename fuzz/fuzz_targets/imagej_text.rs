#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| patchweave_fuzz::survive(patchweave_testkit::FuzzTarget::ImagejText, bytes));
