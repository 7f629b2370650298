fn main() {
    // The migrations are compiled in; without this the old ones would stay.
    println!("cargo:rerun-if-changed=../../migrations");
}
