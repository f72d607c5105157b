//! The axes that a file names for itself, and what becomes of them beside those of the configuration.

use patchweave_geometry::{ArrayLayout, Axes, Axis, PerAxis};
use patchweave_stack::StackError;

use crate::axes_match::{NoMatch, Question};

/// Whose word counts where axes are asked for and the file names its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AxesSource {
    /// Both have to agree.
    #[default]
    Checked,
    /// The file is wrong: order and sizes are its own, the letters are those that are asked for.
    Given,
}

/// The axes that are asked for, if there are any, and whether they overrule those of the file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WantedAxes<'a> {
    pub axes: Option<&'a Axes>,
    pub source: AxesSource,
}

impl WantedAxes<'_> {
    /// Whether what the file says does not count.
    pub fn overrule(&self) -> bool {
        self.axes.is_some() && self.source == AxesSource::Given
    }
}

/// What a file says about the axis of each of its dimensions; `None` where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FileAxes(Vec<Option<Axis>>);

/// An image in the axes that it is used by, and where each of them stands in the array of the file.
///
/// A dimension of size 1 may have no axis, and an axis of size 1 no dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredAxes {
    pub layout: ArrayLayout,
    /// The axis of every dimension of the file.
    pub dimensions: Vec<Option<Axis>>,
}

impl FileAxes {
    /// What a file says, dimension by dimension.
    pub fn new(axes: Vec<Option<Axis>>) -> Self {
        FileAxes(axes)
    }

    /// A file that says nothing.
    pub fn unknown(n_dimensions: usize) -> Self {
        FileAxes(vec![None; n_dimensions])
    }

    /// An image of this shape: in the axes that are asked for if there are any, which must not contradict the file
    /// unless they overrule it, or else in the file's own, which must then be complete.
    ///
    /// Dimensions and axes of size 1 count on neither side, as long as names or sizes tell what the others are. A file's time points or planes may be called samples (`S`),
    /// because that says how they are used, not what they are.
    pub fn stored(
        &self,
        stack: &str,
        wanted: WantedAxes<'_>,
        shape: &[usize],
    ) -> Result<StoredAxes, StackError> {
        match wanted.axes {
            Some(given) if wanted.overrule() => FileAxes::unknown(shape.len()).in_axes(stack, given, shape),
            Some(given) => self.in_axes(stack, given, shape),
            None => self.in_own(stack, shape),
        }
    }

    fn in_axes(&self, stack: &str, given: &Axes, shape: &[usize]) -> Result<StoredAxes, StackError> {
        let axes = given.as_slice();
        let found = match self.0.len() == shape.len() {
            true => Question { own: &self.0, sizes: shape, given: axes }.answer(),
            false => Err(NoMatch::Contradiction),
        };
        let places = found.map_err(|why| self.refuse(stack, given, shape, why))?;
        let mut sizes = vec![1; axes.len()];
        for (place, size) in places.iter().zip(shape).filter_map(|(place, size)| Some(((*place)?, size))) {
            sizes[place] = *size;
        }
        let dimensions = places.iter().map(|place| axes.get((*place)?).copied()).collect();
        StoredAxes::new(stack, given.clone(), &sizes, dimensions)
    }

    fn in_own(&self, stack: &str, shape: &[usize]) -> Result<StoredAxes, StackError> {
        let no_axes =
            || StackError::NoAxes { stack: stack.to_owned(), shape: shape.to_vec(), own: self.to_string() };
        // What has neither a name nor more than one position says nothing.
        let named = || self.0.iter().zip(shape).filter(|(axis, size)| axis.is_some() || **size != 1);
        let letters: Option<String> = named().map(|(axis, _)| axis.map(Axis::letter)).collect();
        let axes =
            letters.filter(|_| self.0.len() == shape.len()).and_then(|letters| letters.parse::<Axes>().ok());
        let sizes: Vec<usize> = named().map(|(_, size)| *size).collect();
        StoredAxes::new(stack, axes.ok_or_else(no_axes)?, &sizes, self.0.clone())
    }

    /// Why axes do not fit.
    fn refuse(&self, stack: &str, given: &Axes, shape: &[usize], why: NoMatch) -> StackError {
        let stack = stack.to_owned();
        let given = given.clone();
        if let NoMatch::Unclear(readings) = why {
            let letters = |axes: &Vec<Axis>| axes.iter().map(|axis| axis.letter()).collect::<String>();
            let readings = readings.iter().map(letters).collect::<Vec<_>>().join(" or ");
            return StackError::UnclearAxes { stack, axes: given, shape: shape.to_vec(), readings };
        }
        let is_mute = self.0.iter().all(Option::is_none);
        if is_mute || given.len() < shape.len() {
            return StackError::AxesLength { stack, axes: given, shape: shape.to_vec() };
        }
        StackError::AxesDisagree { stack, given, own: self.to_string() }
    }
}

impl std::fmt::Display for FileAxes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|axis| write!(f, "{}", axis.map_or('?', Axis::letter)))
    }
}

impl StoredAxes {
    fn new(
        stack: &str,
        axes: Axes,
        sizes: &[usize],
        dimensions: Vec<Option<Axis>>,
    ) -> Result<Self, StackError> {
        let layout = ArrayLayout::new(axes, sizes)
            .map_err(|source| StackError::Window { stack: stack.to_owned(), source })?;
        Ok(StoredAxes { layout, dimensions })
    }

    /// The same number of values for every axis, from one for every dimension; `absent` for an axis without one.
    pub fn by_axis<T: Clone>(&self, stored: &[T], absent: &T) -> Vec<T> {
        let value = |axis: &Axis| {
            let dimension = self.dimensions.iter().position(|own| *own == Some(*axis));
            dimension.and_then(|dimension| stored.get(dimension)).unwrap_or(absent).clone()
        };
        self.layout.axes().as_slice().iter().map(value).collect()
    }

    /// Sizes or places of which a file tells what it knows along `ZYX`; nothing if it lacks an axis that is used.
    pub fn along_space(&self, told: [Option<f64>; 3]) -> Option<PerAxis<f64>> {
        let skipped = told.len().checked_sub(self.layout.axes().n_spatial())?;
        let sizes: Option<Vec<f64>> = told.into_iter().skip(skipped).collect();
        PerAxis::new(&sizes?).ok()
    }
}

/// The layout of an image that names all of its axes, in other axes that do not contradict them: what opening a file
/// with such axes gives.
///
/// # Errors
/// [`StackError::AxesLength`], [`StackError::AxesDisagree`] and [`StackError::UnclearAxes`] as for a file.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_formats::{AxesSource, layout_in_axes};
///
/// let own = ArrayLayout::new("CYX".parse()?, &[1, 8, 8])?;
/// let layout = |axes: &str| layout_in_axes("a.tiff", &own, &axes.parse().unwrap(), AxesSource::Checked);
/// assert_eq!(layout("ZYX")?.shape(), [1, 8, 8]);
/// assert_eq!(layout("YX")?.shape(), [8, 8]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn layout_in_axes(
    stack: &str,
    own: &ArrayLayout,
    axes: &Axes,
    source: AxesSource,
) -> Result<ArrayLayout, StackError> {
    let file = FileAxes::new(own.axes().as_slice().iter().copied().map(Some).collect());
    Ok(file.stored(stack, WantedAxes { axes: Some(axes), source }, own.shape())?.layout)
}

/// Axes for a file that does not name all of its own, to show what it holds: free letters in place of every `?` of
/// [`StackError::NoAxes`], the last two dimensions being `Y` and `X` where it says nothing at all.
///
/// ```
/// use patchweave_formats::guessed_axes;
///
/// assert_eq!(guessed_axes("?YX", 3).unwrap().to_string(), "SYX");
/// assert_eq!(guessed_axes("S?YX", 4).unwrap().to_string(), "SZYX");
/// assert_eq!(guessed_axes("????", 4).unwrap().to_string(), "SZYX");
/// assert!(guessed_axes("???????", 7).is_none());
/// ```
#[must_use]
pub fn guessed_axes(own: &str, n_dimensions: usize) -> Option<Axes> {
    let is_silent = own.chars().all(|letter| letter == '?');
    let own = match is_silent && n_dimensions >= 2 {
        true => format!("{}YX", "?".repeat(n_dimensions - 2)),
        false => own.to_owned(),
    };
    let free = [Axis::S, Axis::Z, Axis::C, Axis::T].map(Axis::letter);
    let mut free = free.into_iter().filter(|letter| !own.contains(*letter));
    let known = |letter| if letter == '?' { free.next() } else { Some(letter) };
    let letters: Option<String> = own.chars().map(known).collect();
    letters?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(letters: &str) -> FileAxes {
        FileAxes::new(letters.chars().map(Axis::from_letter).collect())
    }

    fn layout(file: &str, given: Option<&str>, shape: &[usize]) -> Result<String, String> {
        stored(file, given, AxesSource::Checked, shape)
    }

    fn stored(
        file: &str,
        given: Option<&str>,
        source: AxesSource,
        shape: &[usize],
    ) -> Result<String, String> {
        let given: Option<Axes> = given.map(|axes| axes.parse().unwrap());
        let stored = own(file).stored("a.tif", WantedAxes { axes: given.as_ref(), source }, shape);
        let named = |stored: StoredAxes| format!("{} {:?}", stored.layout.axes(), stored.layout.shape());
        stored.map(named).map_err(|error| error.to_string())
    }

    #[test]
    fn the_file_speaks_where_the_configuration_is_silent() {
        assert_eq!(layout("ZCYX", None, &[3, 2, 8, 8]), Ok("ZCYX [3, 2, 8, 8]".into()));
        assert_eq!(layout("?YX", None, &[1, 8, 8]), Ok("YX [8, 8]".into()));
        assert_eq!(
            layout("?YX", None, &[3, 8, 8]),
            Err("a.tif: the file names its dimensions of sizes [3, 8, 8] only as ?YX; give axes that name all of them"
                .into())
        );
    }

    #[test]
    fn both_must_agree() {
        assert_eq!(layout("?YX", Some("ZYX"), &[3, 8, 8]), Ok("ZYX [3, 8, 8]".into()));
        assert_eq!(layout("TYX", Some("SYX"), &[3, 8, 8]), Ok("SYX [3, 8, 8]".into()));
        assert_eq!(layout("ZYX", Some("SYX"), &[3, 8, 8]), Ok("SYX [3, 8, 8]".into()));
        assert_eq!(
            layout("CYX", Some("SYX"), &[3, 8, 8]),
            Err("a.tif: got axes SYX, the file's own metadata says CYX".into())
        );
        assert_eq!(
            layout("ZYX", Some("TCYX"), &[3, 8, 8]),
            Err("a.tif: got axes TCYX, the file's own metadata says ZYX".into())
        );
        assert_eq!(
            layout("ZYX", Some("YX"), &[3, 8, 8]),
            Err("a.tif: axes YX name 2 dimensions, the image has 3 with sizes [3, 8, 8]".into())
        );
    }

    #[test]
    fn axes_of_size_1_count_on_neither_side() {
        assert_eq!(layout("YX", Some("ZYX"), &[8, 8]), Ok("ZYX [1, 8, 8]".into()));
        assert_eq!(layout("TCZYX", Some("YX"), &[1, 1, 1, 8, 8]), Ok("YX [8, 8]".into()));
        assert_eq!(layout("TCZYX", Some("ZCYX"), &[1, 3, 1, 8, 8]), Ok("ZCYX [1, 3, 8, 8]".into()));
    }

    #[test]
    fn what_may_be_several_axes_is_not_guessed() {
        assert_eq!(
            layout("?YX", Some("TZYX"), &[6, 8, 8]),
            Err("a.tif: its dimensions of sizes [6, 8, 8] have no names and may be TYX or ZYX of the axes TZYX, \
                 expected one of these as axes, or a file that names them"
                .into())
        );
        assert_eq!(layout("ZYX", Some("TZYX"), &[6, 8, 8]), Ok("TZYX [1, 6, 8, 8]".into()));
        assert_eq!(layout("???", Some("TZYX"), &[1, 8, 8]), Ok("TZYX [1, 1, 8, 8]".into()));
    }

    #[test]
    fn letters_of_a_file_can_be_overruled_but_not_its_sizes() {
        let overruled =
            |file: &str, given: &str, shape: &[usize]| stored(file, Some(given), AxesSource::Given, shape);
        assert_eq!(overruled("ZYX", "CYX", &[3, 8, 8]), Ok("CYX [3, 8, 8]".into()));
        assert_eq!(overruled("ZYX", "TCYX", &[1, 8, 8]), Ok("TCYX [1, 1, 8, 8]".into()));
        assert!(overruled("ZYX", "YX", &[3, 8, 8]).is_err());
        // Without the letters of the file nothing tells what is longer than 1.
        assert!(overruled("ZYX", "TCYX", &[3, 8, 8]).unwrap_err().contains("may be TYX or CYX"));
        // Nothing is asked for, so that nothing is overruled.
        assert_eq!(stored("ZYX", None, AxesSource::Given, &[3, 8, 8]), Ok("ZYX [3, 8, 8]".into()));
    }

    #[test]
    fn values_and_pixel_sizes_follow_the_axes() {
        let axes = "ZCYX".parse().unwrap();
        let wanted = WantedAxes { axes: Some(&axes), ..WantedAxes::default() };
        let stored = own("TCYX").stored("a.tif", wanted, &[1, 3, 8, 9]).unwrap();
        assert_eq!(stored.by_axis(&[7, 2, 4, 5], &1), [1, 2, 4, 5]);
        let told = [Some(0.5), Some(0.1), Some(0.2)];
        assert_eq!(stored.along_space(told).unwrap().as_slice(), [0.5, 0.1, 0.2]);
        assert_eq!(stored.along_space([None, Some(0.1), Some(0.2)]), None);
        let flat = WantedAxes { axes: Some(&"YX".parse().unwrap()), ..wanted };
        let flat = own("ZYX").stored("a.tif", flat, &[1, 8, 9]).unwrap();
        for told in [told, [None, Some(0.1), Some(0.2)]] {
            assert_eq!(flat.along_space(told).unwrap().as_slice(), [0.1, 0.2]);
        }
        assert_eq!(flat.along_space([Some(0.5), None, Some(0.2)]), None);
    }
}
