//! The formats that can be written, found by name or by the ending of a path.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use patchweave_remote::{RemoteOptions, is_url};
use rayon::prelude::*;

use crate::place::check_url;
use crate::{Durability, ImageSpec, SinkError, SinkFormat, small_file};

/// The formats that can be written, found by name or by the ending of a path.
///
/// ```
/// use patchweave_sink::SinkFormats;
///
/// let formats = SinkFormats::default();
/// assert_eq!(formats.find("out/cells.ome.zarr".as_ref(), None)?.name(), "ome_zarr");
/// assert_eq!(formats.find("out/cells".as_ref(), Some("tiff"))?.name(), "tiff");
/// let error = formats.find("cells.xyz".as_ref(), None).err().unwrap();
/// assert!(error.to_string().starts_with("cells.xyz: no format is written under this ending"), "{error}");
/// # Ok::<(), patchweave_sink::SinkError>(())
/// ```
#[derive(Clone)]
pub struct SinkFormats {
    formats: Vec<Arc<dyn SinkFormat>>,
    remote: RemoteOptions,
}

impl SinkFormats {
    /// Adds a format; one of the same name is replaced.
    pub fn add(&mut self, format: impl SinkFormat + 'static) {
        self.formats.retain(|other| other.name() != format.name());
        self.formats.push(Arc::new(format));
    }

    /// How object stores are reached: by default with what the environment says.
    #[must_use]
    pub fn with_remote(mut self, remote: RemoteOptions) -> Self {
        self.remote = remote;
        self
    }

    /// How object stores are reached.
    #[must_use]
    pub fn remote(&self) -> &RemoteOptions {
        &self.remote
    }

    /// Whether something stands at a path or URL that a new image would have to replace.
    ///
    /// # Errors
    /// [`SinkError`] if the server of a URL cannot be asked, or no image is written there.
    ///
    /// ```
    /// let formats = patchweave_sink::SinkFormats::default();
    /// assert!(formats.stands("src".as_ref())?);
    /// assert!(!formats.stands("memory://bucket/new.ome.zarr".as_ref())?);
    /// # Ok::<(), patchweave_sink::SinkError>(())
    /// ```
    pub fn stands(&self, path: &Path) -> Result<bool, SinkError> {
        if !is_url(path) {
            return Ok(std::fs::symlink_metadata(path).is_ok());
        }
        #[cfg(feature = "remote")]
        return crate::staged_store::stands(path, &self.remote);
        #[cfg(not(feature = "remote"))]
        crate::refusals::no_urls(path)
    }

    /// As [`stands`](Self::stands), of each of many places; they are asked for side by side, on the threads of the caller's pool.
    ///
    /// ```
    /// let formats = patchweave_sink::SinkFormats::default();
    /// let folder = tempfile::tempdir()?;
    /// let paths = ["a.tiff", "b.tiff"].map(|name| folder.path().join(name));
    /// std::fs::write(&paths[1], "bytes")?;
    /// assert_eq!(formats.standing(&paths)?, [false, true]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`stands`](Self::stands).
    pub fn standing<P: AsRef<Path> + Sync>(&self, paths: &[P]) -> Result<Vec<bool>, SinkError> {
        paths.par_iter().map(|path| self.stands(path.as_ref())).collect()
    }

    /// Writes a small file as a whole, at a path as [`write_file_atomically`](crate::write_file_atomically) or at a URL.
    ///
    /// ```
    /// use patchweave_sink::{Durability, SinkFormats};
    ///
    /// let formats = SinkFormats::default();
    /// formats.write_file("memory://bucket/run/loss.json".as_ref(), b"[0.5]", Durability::Full)?;
    /// formats.remove_file("memory://bucket/run/loss.json".as_ref())?;
    /// # Ok::<(), patchweave_sink::SinkError>(())
    /// ```
    ///
    /// # Errors
    /// [`SinkError`].
    pub fn write_file(&self, path: &Path, bytes: &[u8], durability: Durability) -> Result<(), SinkError> {
        small_file::write(path, bytes, durability, &self.remote)
    }

    /// Removes a file at a path or URL, if there is one.
    ///
    /// # Errors
    /// [`SinkError`].
    pub fn remove_file(&self, path: &Path) -> Result<(), SinkError> {
        small_file::remove(path, &self.remote)
    }

    /// All formats.
    #[must_use]
    pub fn all(&self) -> &[Arc<dyn SinkFormat>] {
        &self.formats
    }

    /// The format of that name, or without a name that with the longest ending of the path.
    ///
    /// # Errors
    /// [`SinkError::UnknownFormat`] or [`SinkError::UnknownEnding`], which name what there is, and
    /// [`SinkError::NotBuilt`].
    pub fn find(&self, path: &Path, name: Option<&str>) -> Result<&Arc<dyn SinkFormat>, SinkError> {
        match name {
            Some(name) => {
                self.formats.iter().find(|format| format.name() == name).ok_or_else(|| {
                    let known = self.formats.iter().map(|format| format.name().to_owned()).collect();
                    not_built(path, |(other, ..)| *other == name).unwrap_or_else(|| {
                        SinkError::UnknownFormat { path: path.into(), name: name.to_owned(), known }
                    })
                })
            }
            None => self.by_ending(path).ok_or_else(|| {
                let known = self.formats.iter().flat_map(|format| format.endings());
                let known = known.map(|ending| (*ending).to_owned()).collect();
                not_built(path, |(_, _, endings)| endings.iter().any(|ending| has_ending(path, ending)))
                    .unwrap_or(SinkError::UnknownEnding { path: path.into(), known })
            }),
        }
    }

    /// The format as [`find`](Self::find) finds it, if it can write an image of that specification; nothing is made.
    ///
    /// # Errors
    /// Those of [`find`](Self::find) and those of [`SinkFormat::check`], and what no format could hold.
    ///
    /// ```
    /// use patchweave_geometry::ArrayLayout;
    /// use patchweave_pixel::PixelType;
    /// use patchweave_sink::{ImageSpec, SinkFormats};
    ///
    /// let mut spec = ImageSpec::new(ArrayLayout::new("YX".parse()?, &[6, 8])?, PixelType::U8);
    /// let formats = SinkFormats::default();
    /// assert_eq!(formats.checked("a.npy".as_ref(), None, spec.clone())?.0.name(), "npy");
    /// spec.levels = 2;
    /// let error = formats.checked("a.npy".as_ref(), None, spec).err().unwrap();
    /// assert_eq!(error.to_string(), "a.npy: got 2 levels, expected 1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn checked(
        &self,
        path: &Path,
        name: Option<&str>,
        spec: ImageSpec,
    ) -> Result<(Arc<dyn SinkFormat>, ImageSpec), SinkError> {
        let format = self.find(path, name)?;
        spec.check(path)?;
        let spec = format.settle(spec);
        format.check(path, &spec)?;
        if is_url(path) {
            check_url(path, format.output())?;
        }
        Ok((Arc::clone(format), spec))
    }

    fn by_ending(&self, path: &Path) -> Option<&Arc<dyn SinkFormat>> {
        let endings = self
            .formats
            .iter()
            .flat_map(|format| format.endings().iter().map(move |ending| (ending, format)));
        let fitting = endings.filter(|(ending, _)| has_ending(path, ending));
        fitting.max_by_key(|(ending, _)| ending.len()).map(|(_, format)| format)
    }
}

impl fmt::Debug for SinkFormats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.formats.iter().map(|format| format.name())).finish()
    }
}

impl Default for SinkFormats {
    fn default() -> Self {
        let mut formats = SinkFormats { formats: Vec::new(), remote: RemoteOptions::default() };
        #[cfg(feature = "tiff")]
        formats.add(crate::tiff::Tiff);
        #[cfg(feature = "zarr")]
        {
            formats.add(crate::ome_zarr::OmeZarr);
            formats.add(crate::ome_zarr::OmeZarrZip(crate::ome_zarr::OmeZarr));
            formats.add(crate::ome_zarr::ZarrArray);
        }
        #[cfg(feature = "npy")]
        formats.add(crate::npy::Npy);
        #[cfg(feature = "png")]
        formats.add(crate::png::Png);
        formats.add(crate::memory::Memory);
        formats
    }
}

/// Whether a path ends in a dot and this.
fn has_ending(path: &Path, ending: &str) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    name.strip_suffix(ending).is_some_and(|stem| stem.ends_with('.'))
}

/// Name, feature and endings of formats that may be left out.
type LeftOut = (&'static str, &'static str, &'static [&'static str]);

const MAY_BE_LEFT_OUT: [LeftOut; 6] = [
    ("tiff", "tiff", &["tif", "tiff"]),
    ("ome_zarr", "zarr", &["ome.zarr", "zarr"]),
    ("ome_zarr_zip", "zarr", &["ozx", "ome.zarr.zip", "zarr.zip"]),
    ("zarr_array", "zarr", &[]),
    ("npy", "npy", &["npy"]),
    ("png", "png", &["png"]),
];

/// The refusal of a format that was left out when the program was built.
fn not_built(path: &Path, is_wanted: impl Fn(&LeftOut) -> bool) -> Option<SinkError> {
    let is_built = |feature: &str| match feature {
        "tiff" => cfg!(feature = "tiff"),
        "npy" => cfg!(feature = "npy"),
        "png" => cfg!(feature = "png"),
        _ => cfg!(feature = "zarr"),
    };
    let wanted = MAY_BE_LEFT_OUT.iter().find(|format| is_wanted(format) && !is_built(format.1))?;
    Some(SinkError::NotBuilt { path: path.into(), format: wanted.0, feature: wanted.1 })
}
