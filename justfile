# The commands of this project. Each is one line.

# Formatting and lints
check:
    cargo fmt --all --check && cargo clippy --workspace --all-targets -- -D warnings

# Licenses, banned crates, unused dependencies, spelling
lints:
    tests/lints/run

# The tests that need only cargo
fast:
    ./test --fast

# Everything
test:
    ./test

# Compare the release binary with a bare axum server
bench:
    cargo bench

# Write docs/reference from the code
docs:
    KAKAW_WRITE_DOCS=1 cargo test --package kakaw --test binary -- docs

# A stand-in with the sample world
dev:
    cargo run --release

# Build the release twice, compare the builds, write SBOM and checksums
release:
    deploy/release
