//! Opening the images of every role of a plan, and noting at which line something cannot be opened.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use patchweave_config::{Problem, RunPlan, Warning};
use patchweave_formats::{AxesSource, Pyramid, layout_in_axes};
use patchweave_geometry::Axes;
use patchweave_stack::{StackError, StackInfo, with_causes};

use crate::listing::{Listed, Listing, Unpaired};
use crate::opening::{Opening, format_name};
use crate::role::{Key, LeftOut, Role, RoleImage, keep_once};
use crate::simulated::{SIMULATED, future_files, planned_layout, simulation_of};

/// How many images a file holds, and what they are called in it.
fn listed(names: &[&str]) -> String {
    match names {
        [_] => "1 image".to_owned(),
        names => {
            let names: Vec<_> = names.iter().map(|name| name.trim_start_matches('/')).collect();
            format!("{} images ({})", names.len(), names.join(", "))
        }
    }
}

/// Opens images and collects what goes wrong.
pub(crate) struct Opener<'a> {
    pub plan: &'a RunPlan,
    opening: &'a Opening,
    before_simulation: bool,
    pub problems: Vec<Problem>,
    /// What images that can be read have to say.
    pub warnings: Vec<Warning>,
    /// What was said of entries, which may stand for the same.
    told: HashSet<String>,
    /// The images whose notes were told.
    noted: HashSet<Key>,
    /// What was opened, for other roles that read the same.
    opened: RefCell<HashMap<Wanted, Vec<Pyramid>>>,
}

/// What is opened: a path, in which axes, and how many levels of it.
type Wanted = (PathBuf, Axes, usize);

impl<'a> Opener<'a> {
    /// Before a simulation its images are taken as they are planned.
    pub fn new(plan: &'a RunPlan, opening: &'a Opening, before_simulation: bool) -> Self {
        Opener {
            plan,
            opening,
            before_simulation,
            problems: Vec::new(),
            warnings: Vec::new(),
            told: HashSet::new(),
            noted: HashSet::new(),
            opened: RefCell::default(),
        }
    }

    /// Notes parameters that cannot be simulated.
    pub fn check_simulation(&mut self) {
        let Some(simulate) = &self.plan.simulate else { return };
        if let Err(error) = simulation_of(simulate).check() {
            let expected = "parameters that can be simulated";
            self.problems.push(self.plan.problem_at("simulate", error.to_string(), expected));
        }
    }

    /// The files that the entries of a key stand for.
    pub fn listing(&mut self, key: &str, entries: &[PathBuf]) -> Listing {
        let planned = self.plan.simulate.as_ref().filter(|_| self.before_simulation);
        let future = planned.map_or(Vec::new(), future_files);
        let format = format_name(self.plan.data.data_type);
        let mut listing = Listing::default();
        for (entry, path) in entries.iter().enumerate() {
            match self.opening.formats.members(path, format, &future) {
                Ok(members) => {
                    for note in members.notes {
                        if self.told.insert(note.clone()) {
                            self.warnings.push(self.plan.warning_at(&format!("{key}[{entry}]"), note));
                        }
                    }
                    listing.is_searched |= members.is_searched;
                    let listed = members.found.into_iter().map(|member| Listed { member, entry });
                    listing.files.extend(listed);
                }
                Err(error) => {
                    listing.is_incomplete = true;
                    let expected = "a folder or a pattern with images, or a path";
                    let key = format!("{key}[{entry}]");
                    self.problems.push(self.plan.problem_at(&key, with_causes(&error), expected));
                }
            }
        }
        listing
    }

    /// Puts files into the order of those that they belong to.
    pub fn pair(&mut self, key: &str, files: &mut Listing, partners: &Listing) {
        if let Err(Unpaired { found, expected }) = files.pair_with(partners) {
            files.is_incomplete = true;
            self.problems.push(self.plan.problem_at(key, found, expected));
        }
    }

    /// Files that belong together have to hold as many images, and those that have names in them the same ones.
    pub fn pair_images(&mut self, key: &str, images: &Role, partners: &Role) {
        if images.is_incomplete || partners.is_incomplete {
            return;
        }
        let own = images.by_file();
        let theirs = partners.by_file();
        let differing = own.iter().zip(&theirs).find(|((_, own), (_, theirs))| {
            own.len() != theirs.len() || (own != theirs && own.iter().any(|name| theirs.contains(name)))
        });
        if let Some(((path, names), (partner, expected))) = differing {
            let found = format!("{} holds {}", path.display(), listed(names));
            let expected = format!("{} as in {}", listed(expected), partner.display());
            self.problems.push(self.plan.problem_at(key, found, expected));
        }
    }

    /// The images of a role; those that are the same share what was opened.
    pub fn role(&mut self, key: &str, listing: &Listing, axes: &Axes, n_levels: usize) -> Role {
        let mut role = Role { is_incomplete: listing.is_incomplete, ..Role::default() };
        let mut first_of: HashMap<Key, usize> = HashMap::new();
        for Listed { member, entry } in &listing.files {
            let path = &member.path;
            let entry = *entry;
            if let Some(info) = self.planned(path, axes) {
                role.found.push(RoleImage::planned(info, path.clone(), entry));
                continue;
            }
            match self.open(path, axes, n_levels) {
                Ok(images) => {
                    for (number, levels) in images.into_iter().enumerate() {
                        let opened = RoleImage::opened(levels, path.clone(), number, entry);
                        let Some(mut image) = opened else { continue };
                        match first_of.get(&image.key).and_then(|&first| role.found.get(first)) {
                            Some(first) => image.share(first),
                            None => drop(first_of.insert(image.key.clone(), role.found.len())),
                        }
                        role.found.push(image);
                    }
                }
                Err(error) => {
                    role.is_incomplete = true;
                    let key = format!("{key}[{entry}]");
                    let expected = self.expectation(&error, axes, listing);
                    self.problems.push(self.plan.problem_at(&key, with_causes(&error), expected));
                }
            }
        }
        role
    }

    /// Leaves images out that are in their list already, with what belongs to them; `key` is that of the first list.
    pub fn keep_once(&mut self, key: &str, group: &mut [&mut Role]) {
        if let Some(left_out) = keep_once(group) {
            self.tell_left_out(key, &left_out);
        }
    }

    /// Tells at the line of the first of them what is left out of a list.
    pub fn tell_left_out(&mut self, key: &str, left_out: &LeftOut) {
        let key = format!("{key}[{}]", left_out.first.1);
        self.warnings.push(self.plan.warning_at(&key, left_out.to_string()));
    }

    /// Tells what the reader noticed of the images of a role, which no other role told: once for all images that have the
    /// same note.
    pub fn tell_notes(&mut self, key: &str, role: &Role) {
        let mut notes: Vec<(&str, &RoleImage, usize)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for image in &role.found {
            if image.notes().is_empty() || !self.noted.insert(image.key.clone()) {
                continue;
            }
            for note in image.notes() {
                let place = *places.entry(note).or_insert(notes.len());
                match notes.get_mut(place) {
                    Some((_, _, n_more)) => *n_more += 1,
                    None => notes.push((note, image, 0)),
                }
            }
        }
        for (note, first, n_more) in notes {
            let source = &first.facts.source;
            let message = match n_more {
                0 => format!("{source}: {note}"),
                1 => format!("{source} and 1 more image: {note}"),
                n => format!("{source} and {n} more images: {note}"),
            };
            self.warnings.push(self.plan.warning_at(&format!("{key}[{}]", first.facts.entry), message));
        }
    }

    /// What a simulation will put at this path, if it will and the axes name that many dimensions.
    fn planned(&self, path: &Path, axes: &Axes) -> Option<StackInfo> {
        let simulate = self.plan.simulate.as_ref().filter(|_| self.before_simulation)?;
        let own = planned_layout(simulate, path)?;
        let layout = layout_in_axes(&path.display().to_string(), &own, axes, self.axes_source()).ok()?;
        Some(StackInfo::new(path.display().to_string(), SIMULATED, layout))
    }

    /// What is at a path; what another role opened is shared.
    pub fn open(&self, path: &Path, axes: &Axes, n_levels: usize) -> Result<Vec<Pyramid>, StackError> {
        let wanted = (path.to_owned(), axes.clone(), n_levels);
        if let Some(images) = self.opened.borrow().get(&wanted) {
            return Ok(images.clone());
        }
        let planned = self.plan.simulate.as_ref().filter(|_| self.before_simulation);
        if let Some(own) = planned.and_then(|simulate| planned_layout(simulate, path)) {
            layout_in_axes(&path.display().to_string(), &own, axes, self.axes_source())?;
        }
        let axes = Some((axes, self.axes_source()));
        let images = self.opening.open(path, self.plan.data.data_type, axes, n_levels)?;
        self.opened.borrow_mut().insert(wanted, images.clone());
        Ok(images)
    }

    /// What the plan says about axes, as readers take it.
    fn axes_source(&self) -> AxesSource {
        match self.plan.data.axes_source {
            patchweave_config::AxesSource::Config => AxesSource::Given,
            // Those of the first image are the axes of the plan.
            patchweave_config::AxesSource::Checked | patchweave_config::AxesSource::File => {
                AxesSource::Checked
            }
        }
    }

    fn expectation(&self, error: &StackError, axes: &Axes, listing: &Listing) -> String {
        let error = error.innermost();
        let is_about_axes = matches!(error, StackError::AxesLength { .. } | StackError::AxesDisagree { .. });
        if let (true, false, [first, ..]) =
            (is_about_axes, self.plan.has_key("data_config.axes"), listing.files.as_slice())
        {
            let first = first.member.path.display();
            return format!("axes {axes} as in {first}, or axes that fit all images in data_config");
        }
        match error {
            StackError::AxesLength { shape, .. } => {
                format!("axes with {} letters in data_config", shape.len())
            }
            StackError::AxesDisagree { own, .. } => {
                format!("axes {own} in data_config, or axes_source: config if the file is wrong")
            }
            StackError::UnclearAxes { readings, .. } => format!("axes {readings} in data_config"),
            StackError::TooFewLevels { .. } => {
                "context_source: image, or a pyramid with more levels".to_owned()
            }
            _ => format!("an image that can be read with axes {axes}"),
        }
    }
}
