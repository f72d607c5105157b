# Everyday commands; `just` lists them. Without just, run the lines by hand.

default:
    @just --list

# Do what a configuration says
run config="configs/quickstart.yaml":
    cargo run --release -- run {{ config }}

# Check a configuration and the images it names
validate config="configs/quickstart.yaml":
    cargo run --release -- validate {{ config }}

# All tests
test:
    cargo test --workspace

# Let the readers of others open what is written here
readers:
    tests/readers/run

# Coverage-guided fuzzing of every target; needs nightly Rust and cargo-fuzz
fuzz seconds="60":
    fuzz/run {{ seconds }}

# The threads of the loader under a model checker
model:
    cargo test --workspace --features patchweave-loader/model-checking --test model

# Formatting and lints
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# The documentation of all crates
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# One example: any program of examples/, such as load_patches or quilt_in_memory
example name="load_patches":
    cargo run --release --example {{ name }}

# Compare with results recorded from the reference implementation
golden folder="tests/golden":
    cargo run --release -p patchweave-testkit --bin golden -- {{ folder }}

# Benchmarks
bench:
    cargo bench

# What has to pass before a change is merged
ci:
    .ci/run
