//! Laws of simulated sets: exact sums, the same bytes from any number of threads, structures that stand out.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use ndarray::ArrayD;
use patchweave_geometry::Extent;
use patchweave_simulate::{MAX_PSF_SIGMA, Noise, SimulateError, SimulatedSet, Simulation, simulate};
use proptest::prelude::*;

fn extents() -> impl Strategy<Value = Extent> {
    prop::collection::vec(1_usize..12, 2..=3).prop_map(|sizes| Extent::new(&sizes).unwrap())
}

fn noises() -> impl Strategy<Value = Option<Noise>> {
    let noise = (0.1..5000.0, 0.0..20.0, 0.0..100.0).prop_map(|(photons, read_noise, background)| Noise {
        photons,
        read_noise,
        background,
    });
    prop::option::of(noise)
}

prop_compose! {
    fn simulations()(
        extent in extents(), n_structures in 1_usize..=12, seed: u64, bit_depth in 8_u8..=16,
        noise in noises(), psf_sigma in 0.0..4.0,
    ) -> Simulation {
        Simulation { extent, n_structures, seed, bit_depth, noise, psf_sigma }
    }
}

fn with_threads(n_threads: usize, simulation: &Simulation) -> SimulatedSet {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
    pool.install(|| simulate(simulation)).unwrap()
}

fn percentile(image: &ArrayD<u16>, percent: usize) -> u16 {
    let mut values: Vec<u16> = image.iter().copied().collect();
    values.sort_unstable();
    values[(values.len() - 1) * percent / 1000]
}

fn of_size(sizes: &[usize]) -> Simulation {
    Simulation { extent: Extent::new(sizes).unwrap(), ..Simulation::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn mixed_is_the_exact_sum_within_the_bit_depth(simulation in simulations()) {
        let set = simulate(&simulation).unwrap();
        prop_assert_eq!(set.structures.len(), simulation.n_structures);
        let mut sum = ArrayD::<u32>::zeros(simulation.extent.as_slice());
        for structure in &set.structures {
            prop_assert_eq!(structure.image.shape(), simulation.extent.as_slice());
            sum += &structure.image.mapv(u32::from);
        }
        prop_assert_eq!(&set.mixed.mapv(u32::from), &sum);
        prop_assert!(sum.iter().all(|&value| value < 1 << simulation.bit_depth));
    }

    #[test]
    fn bytes_depend_on_the_parameters_only(simulation in simulations()) {
        prop_assert_eq!(with_threads(1, &simulation), with_threads(2, &simulation));
    }

    #[test]
    fn names_are_unique(n_structures in 1_usize..=12) {
        let set = simulate(&Simulation { n_structures, ..of_size(&[2, 3]) }).unwrap();
        let mut names: Vec<&str> = set.structures.iter().map(|structure| structure.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), n_structures);
    }
}

#[test]
fn many_seeds_stay_within_the_limit() {
    for seed in 0..40 {
        for sizes in [&[64, 64][..], &[3, 5, 7], &[1, 1]] {
            let simulation = Simulation { seed, bit_depth: 10, ..of_size(sizes) };
            let set = simulate(&simulation).unwrap();
            assert!(set.structures.iter().all(|structure| structure.image.iter().all(|&v| v <= 341)));
            assert!(set.mixed.iter().all(|&value| value <= 1023));
        }
    }
}

#[test]
fn another_seed_is_another_set() {
    let simulation = of_size(&[64, 64]);
    let set = simulate(&simulation).unwrap();
    assert_eq!(set, simulate(&simulation).unwrap());
    let other = simulate(&Simulation { seed: 1, ..simulation }).unwrap();
    for (a, b) in set.structures.iter().zip(&other.structures) {
        assert_ne!(a.image, b.image, "{}", a.name);
    }
    let twice = simulate(&Simulation { n_structures: 4, ..of_size(&[64, 64]) }).unwrap();
    assert_ne!(twice.structures[0].image, twice.structures[3].image);
}

#[test]
fn every_structure_stands_out_at_every_size() {
    for sizes in [&[64, 64][..], &[512, 512], &[40, 300], &[8, 64, 64], &[24, 128, 128]] {
        for seed in 0..2 {
            for structure in simulate(&Simulation { seed, ..of_size(sizes) }).unwrap().structures {
                let [median, bright] = [500, 995].map(|percent| percentile(&structure.image, percent));
                let name = &structure.name;
                assert!(bright > 2 * median, "{name} {sizes:?} seed {seed}: {median} to {bright}");
            }
        }
    }
}

/// The part of the image that a structure covers, without noise, is the same in small and large images.
#[test]
fn density_does_not_depend_on_the_size() {
    let coverage = |size: usize, seeds: std::ops::Range<u64>| -> Vec<f64> {
        let mut covered = [0_usize; 3];
        let n_seeds = seeds.end - seeds.start;
        for seed in seeds {
            let set = simulate(&Simulation { seed, noise: None, ..of_size(&[size, size]) }).unwrap();
            for (covered, structure) in covered.iter_mut().zip(&set.structures) {
                let limit = u16::MAX / 3 / 50;
                *covered += structure.image.iter().filter(|&&value| value > limit).count();
            }
        }
        covered.map(|n| n as f64 / (n_seeds as f64 * (size * size) as f64)).to_vec()
    };
    for (small, large) in coverage(192, 0..16).into_iter().zip(coverage(768, 0..1)) {
        assert!((small / large - 1.0).abs() < 0.25, "{small} against {large}");
    }
}

#[test]
fn values_use_the_bit_depth() {
    for bit_depth in 8..=16 {
        let noise = Some(Noise { photons: 1e4, read_noise: 1.0, background: 0.0 });
        let set = simulate(&Simulation { bit_depth, noise, ..of_size(&[128, 128]) }).unwrap();
        let share = (u32::from(u16::MAX) >> (16 - bit_depth)) / 3;
        for structure in set.structures {
            let brightest = u32::from(*structure.image.iter().max().unwrap());
            assert!(4 * brightest > 3 * share, "{} {brightest} of {share}", structure.name);
        }
    }
}

/// Noise changes what the camera sees, not where the structures are.
#[test]
fn noise_leaves_the_structures_in_place() {
    let clean = simulate(&Simulation { noise: None, ..of_size(&[96, 96]) }).unwrap();
    let noise = Some(Noise { photons: 1e7, read_noise: 0.0, background: 0.0 });
    let bright = simulate(&Simulation { noise, ..of_size(&[96, 96]) }).unwrap();
    for (clean, bright) in clean.structures.iter().zip(&bright.structures) {
        let far = clean.image.iter().zip(&bright.image).map(|(&a, &b)| a.abs_diff(b)).max().unwrap();
        assert!(far < 100, "{} differs by {far}", clean.name);
    }
}

#[test]
fn parameters_out_of_range_are_named() {
    let noise = Noise::default();
    let with_noise = |noise| Simulation { noise: Some(noise), ..of_size(&[4, 4]) };
    let cases = [
        (Simulation { n_structures: 0, ..of_size(&[4, 4]) }, "got 0 structures, expected 1 to 16"),
        (Simulation { n_structures: 17, ..of_size(&[4, 4]) }, "got 17 structures, expected 1 to 16"),
        (Simulation { bit_depth: 17, ..of_size(&[4, 4]) }, "got a bit depth of 17, expected 8 to 16"),
        (Simulation { psf_sigma: -1.0, ..of_size(&[4, 4]) }, "got psf_sigma = -1, expected 0 to 32 pixels"),
        (
            with_noise(Noise { photons: f64::NAN, ..noise }),
            "got noise.photons = NaN, expected above 0 and at most 1e9",
        ),
        (with_noise(Noise { read_noise: -0.5, ..noise }), "got noise.read_noise = -0.5, expected 0 to 1e9"),
        (
            with_noise(Noise { background: f64::INFINITY, ..noise }),
            "got noise.background = inf, expected 0 to 1e9",
        ),
    ];
    for (simulation, expected) in cases {
        assert_eq!(simulate(&simulation).unwrap_err().to_string(), expected);
    }
    assert_eq!(MAX_PSF_SIGMA, 32.0);
}

#[test]
fn a_set_beyond_the_budget_is_refused_before_it_is_made() {
    let simulation = of_size(&[1 << 20, 1 << 20]);
    assert!(matches!(simulate(&simulation), Err(SimulateError::TooLarge { .. })));
}
