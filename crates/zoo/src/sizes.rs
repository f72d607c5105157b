//! What a package and its weights say together: which tiles they take, and what they make of them.

use patchweave_model::{
    ChannelRule, InputInfo, Likeness, Model, ModelInfo, OutputInfo, OutputType, Scale, Sides, SizeRule,
};
use patchweave_onnx::OnnxModel;

use crate::{AxisDescr, AxisKind, AxisSize, Package, Step, TensorDescr, ZooError};

/// The axes of space, as they stand in `ZYX`.
const SPACE: [AxisKind; 3] = [AxisKind::Z, AxisKind::Y, AxisKind::X];

/// A size of the input that follows from another one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Link {
    /// The places of the axis and of the other one in `BCZYX`.
    pub axis: usize,
    pub other: usize,
    pub ratio: f64,
    pub offset: f64,
}

impl Link {
    /// The size that follows from that of the other axis.
    pub fn size(&self, shape: &[usize; 5]) -> Option<usize> {
        shape.get(self.other).and_then(|other| scaled(*other, self.ratio, self.offset))
    }
}

/// What is known of the model, and which sizes of its input follow from others.
pub(crate) fn model_info(
    package: &Package,
    network: &OnnxModel,
    name: &str,
) -> Result<(ModelInfo, Vec<Link>), ZooError> {
    let description = package.description();
    let (input, links) = input_info(package, &description.input, network.info())?;
    let own = network.info();
    if own.outputs.len() != description.outputs.len() {
        let found = format!("got {} outputs", description.outputs.len());
        return Err(package.refused("outputs", found, format!("{}, as the weights make", own.outputs.len())));
    }
    let mut outputs = Vec::with_capacity(own.outputs.len());
    let made = own.outputs.iter().zip(network.output_axes());
    for (tensor, (output, axes)) in description.outputs.iter().zip(made) {
        let letters = tensor.letters();
        let (got, expected) = (letters.as_str(), axes.to_string());
        if got != expected {
            let path = format!("{}.axes", tensor.path);
            let expected = format!("{expected}, as the weights make");
            return Err(package.refused(&path, format!("got axes in the order {got}"), expected));
        }
        outputs.push(output_info(package, tensor, output, &input, description)?);
    }
    let mut info = ModelInfo::new(name, input, outputs);
    info.is_parallel = own.is_parallel;
    info.is_random = own.is_random;
    Ok((info, links))
}

fn input_info(
    package: &Package,
    tensor: &TensorDescr,
    network: &ModelInfo,
) -> Result<(InputInfo, Vec<Link>), ZooError> {
    let batch = match tensor.axis(AxisKind::Batch).map(|axis| &axis.size) {
        Some(AxisSize::Any) => network.input.batch,
        _ => SizeRule::Fixed(1),
    };
    let mut input = InputInfo::any().with_batch(batch).with_n_channels(n_channels(tensor));
    if let Some(expected) = network.input.n_channels.filter(|n| *n != n_channels(tensor)) {
        let path = tensor.axis(AxisKind::Channel).map_or(&tensor.path, |axis| &axis.size_path);
        let found = format!("got {} channels", n_channels(tensor));
        return Err(package.refused(path, found, format!("{expected}, as the weights take")));
    }
    let mut links = Vec::new();
    for (place, kind) in SPACE.into_iter().enumerate() {
        let network = network.input.sizes[place];
        let Some(axis) = tensor.axis(kind) else {
            input.sizes[place] = SizeRule::Fixed(1);
            continue;
        };
        if let Some(link) = link(tensor, axis) {
            links.push(link);
        }
        let own = own_rule(tensor, axis);
        let both = own.as_ref().and_then(|own| both(*own, network));
        let refused = || {
            let expected = format!("sizes among those that the weights take, {network}");
            package.refused(&axis.size_path, format!("got {}", axis.size), expected)
        };
        input.sizes[place] = both.ok_or_else(refused)?;
    }
    Ok((input, links))
}

/// How many channels a tensor has.
fn n_channels(tensor: &TensorDescr) -> usize {
    match tensor.axis(AxisKind::Channel).map(|axis| &axis.size) {
        Some(AxisSize::Fixed(n)) => *n,
        _ => 1,
    }
}

/// The axis that a size refers to.
fn link(tensor: &TensorDescr, axis: &AxisDescr) -> Option<Link> {
    let AxisSize::Reference { axis: other, ratio, offset, .. } = &axis.size else { return None };
    let other = tensor.axes.iter().find(|own| own.id == *other)?;
    Some(Link { axis: axis.kind.place(), other: other.kind.place(), ratio: *ratio, offset: *offset })
}

/// The sizes that a package gives to an axis of its input.
fn own_rule(tensor: &TensorDescr, axis: &AxisDescr) -> Option<SizeRule> {
    match &axis.size {
        AxisSize::Any => Some(SizeRule::Any),
        AxisSize::Fixed(size) => Some(SizeRule::Fixed(*size)),
        AxisSize::Steps { min, step } => Some(SizeRule::Steps { min: *min, step: *step }),
        AxisSize::Reference { axis: other, ratio, offset, .. } => {
            let other = tensor.axes.iter().find(|own| own.id == *other)?;
            match &other.size {
                AxisSize::Fixed(size) => scaled(*size, *ratio, *offset).map(SizeRule::Fixed),
                AxisSize::Steps { min, step } => {
                    let min = scaled(*min, *ratio, *offset)?;
                    // Some steps of the other axis may be less than a pixel of this one.
                    Some(SizeRule::Steps { min, step: scaled(*step, *ratio, 0.0)?.max(1) })
                }
                AxisSize::Any | AxisSize::Reference { .. } => None,
            }
        }
    }
}

/// `⌊size · ratio + offset⌋`, if there is a pixel.
fn scaled(size: usize, ratio: f64, offset: f64) -> Option<usize> {
    #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
    let scaled = (size as f64 * ratio + offset + 1e-9).floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    (1.0..=1e15).contains(&scaled).then_some(scaled as usize)
}

/// The sizes that both rules accept; nothing where there are none.
fn both(own: SizeRule, network: SizeRule) -> Option<SizeRule> {
    let (min, step) = match own {
        SizeRule::Any => return Some(network),
        SizeRule::Fixed(size) => return network.accepts(size).then_some(own),
        SizeRule::Steps { min, step } => (min, step),
    };
    if let SizeRule::Fixed(size) = network {
        return own.accepts(size).then_some(network);
    }
    let first = network.smallest().saturating_sub(min).div_ceil(step).checked_mul(step)?.checked_add(min)?;
    // Rests repeat after as many steps as the network has from one size to the next.
    let mut sizes = (0..network.step().max(1)).filter_map(|n| first.checked_add(n.checked_mul(step)?));
    let min = sizes.find(|size| network.accepts(*size))?;
    Some(SizeRule::Steps { min, step: common_multiple(step, network.step().max(1))? })
}

fn common_multiple(a: usize, b: usize) -> Option<usize> {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    (a / divisor.max(1)).checked_mul(b)
}

fn output_info(
    package: &Package,
    tensor: &TensorDescr,
    network: &OutputInfo,
    input: &InputInfo,
    description: &crate::Description,
) -> Result<OutputInfo, ZooError> {
    let made = network.channels.of(input.n_channels.unwrap_or(1));
    if made != n_channels(tensor) {
        let path = tensor.axis(AxisKind::Channel).map_or(&tensor.path, |axis| &axis.size_path);
        let found = format!("got {} channels", n_channels(tensor));
        return Err(package.refused(path, found, format!("{made}, as the weights make")));
    }
    let mut halo = [Sides::default(); 3];
    for (place, kind) in SPACE.into_iter().enumerate() {
        let Some(axis) = tensor.axis(kind) else { continue };
        let scale = network.scale[place];
        check_size(package, axis, scale, place, input, &description.input)?;
        halo[place] = Sides::both(in_input(axis.halo, scale));
    }
    let only_types = tensor.steps.iter().all(|step| matches!(step, Step::EnsureDtype(_)));
    let are_labels = tensor.are_labels || (only_types && network.pixel_type == OutputType::Label);
    Ok(OutputInfo::new(tensor.id.clone())
        .with_channels(ChannelRule::Fixed(made))
        .with_scale(network.scale)
        .with_halo(halo)
        .with_likeness(Likeness::Own)
        .with_pixel_type(if are_labels { OutputType::Label } else { OutputType::Float }))
}

/// Pixels of the input that so many pixels of an output lie in.
fn in_input(width: usize, scale: Scale) -> usize {
    width.saturating_mul(scale.over()).div_ceil(scale.times())
}

/// Whether an output has the size that the package tells, for the smallest inputs and the next larger ones.
fn check_size(
    package: &Package,
    axis: &AxisDescr,
    scale: Scale,
    place: usize,
    input: &InputInfo,
    of_input: &TensorDescr,
) -> Result<(), ZooError> {
    let smallest = input.sizes.map(SizeRule::smallest);
    let next = [0, 1, 2].map(|place| input.sizes[place].smallest() + input.sizes[place].step());
    for sizes in [smallest, next] {
        let expected = match &axis.size {
            AxisSize::Fixed(size) => Some(*size),
            AxisSize::Reference { axis: other, ratio, offset, .. } => {
                let other = of_input.axes.iter().find(|own| own.id == *other);
                let other = other.and_then(|other| sizes.get(other.kind.place().checked_sub(2)?));
                other.and_then(|size| scaled(*size, *ratio, *offset))
            }
            AxisSize::Any | AxisSize::Steps { .. } => None,
        };
        let made = scale.of(sizes[place]);
        if expected != Some(made) {
            let told = expected.map_or_else(|| "another".to_owned(), |size| size.to_string());
            let of = sizes.map(|size| size.to_string()).join("×");
            let found = format!("got {}, which is {told} for an input of {of} pixels", axis.size);
            return Err(package.refused(&axis.size_path, found, format!("{made}, as the weights make")));
        }
    }
    let least = scale.of(smallest[place]);
    if least <= 2 * axis.halo {
        let found = format!("got a halo of {} pixels at both ends of {least} pixels", axis.halo);
        let expected = "a halo that leaves something of the smallest output";
        return Err(package.refused(&axis.halo_path, found, expected));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules() -> impl Strategy<Value = SizeRule> {
        prop_oneof![
            Just(SizeRule::Any),
            (1_usize..60).prop_map(SizeRule::Fixed),
            (1_usize..40, 1_usize..12).prop_map(|(min, step)| SizeRule::Steps { min, step }),
        ]
    }

    proptest! {
        #[test]
        fn both_rules_accept_what_is_left(own in rules(), network in rules()) {
            let found = both(own, network);
            for size in 1..400 {
                let expected = own.accepts(size) && network.accepts(size);
                prop_assert_eq!(found.is_some_and(|rule| rule.accepts(size)), expected, "{}", size);
            }
        }
    }

    #[test]
    fn halos_are_those_of_the_input() {
        assert_eq!(in_input(8, Scale::Same), 8);
        assert_eq!(in_input(8, Scale::Times(2)), 4);
        assert_eq!(in_input(7, Scale::Times(2)), 4);
        assert_eq!(in_input(2, Scale::Over(4)), 8);
    }
}
