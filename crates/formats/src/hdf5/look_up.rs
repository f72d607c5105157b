//! Which object a name stands for, whatever links lead to it.

use std::rc::Rc;

use hdf5_reader::Hdf5File;
use hdf5_reader::error::Error;
use hdf5_reader::group::Group;
use hdf5_reader::messages::link::LinkTarget;

use super::listing::Listing;
use super::located::{Located, Member, Node, is_virtual};
use super::opener::Opener;

/// Links that lead to links deeper than this are a circle.
const MAX_LINKS: usize = 16;

impl Opener<'_> {
    /// The dataset of a group with a name.
    pub fn dataset(&self, group: &Group, name: &str) -> Result<Located, Error> {
        let find = || {
            let node = self.child(&self.node_of(group), name, 0)?;
            node.ok_or_else(|| Error::DatasetNotFound(name.to_owned()))
        };
        match group.dataset(name) {
            Ok(dataset) => {
                let node = if self.links.is_used() {
                    find()?
                } else {
                    Node { file: self.file.clone(), address: dataset.address(), is_linked: false }
                };
                Ok(Located { node, dataset: Some(dataset) })
            }
            Err(error) if is_virtual(&error) => Ok(Located { node: find()?, dataset: None }),
            Err(error) => Err(error),
        }
    }

    /// What the link of a group with a name leads to.
    pub fn member(&self, group: &Group, name: &str) -> Member {
        match self.dataset(group, name) {
            Ok(dataset) => Member::Dataset(Box::new(dataset)),
            Err(Error::DatasetNotFound(_)) => match group.group(name) {
                Ok(group) => Member::Group(group),
                Err(Error::GroupNotFound(_)) => Member::Other,
                Err(error) => Member::Unreadable(error),
            },
            Err(error) => Member::Unreadable(error),
        }
    }

    /// The names of all links of a group.
    pub fn names(&self, group: &Group) -> Result<Vec<String>, Error> {
        let node = self.node_of(group);
        Ok(self.listing(&node)?.links.iter().map(|(name, _)| name.clone()).collect())
    }

    fn node_of(&self, group: &Group) -> Node {
        let is_of = |file: &Hdf5File| std::ptr::addr_eq(file.storage(), group.storage());
        let linked = self.links.find(is_of).filter(|_| !is_of(&self.file));
        let is_linked = linked.is_some();
        Node { file: linked.unwrap_or_else(|| self.file.clone()), address: group.address(), is_linked }
    }

    fn child(&self, at: &Node, name: &str, n_links: usize) -> Result<Option<Node>, Error> {
        let listing = self.listing(at)?;
        listing.target(name).map_or(Ok(None), |target| self.target(at, target, n_links))
    }

    /// The links of a group, which are read once.
    fn listing(&self, at: &Node) -> Result<Rc<Listing>, Error> {
        // Files stay open as long as their links are known, so that no other gets their place.
        let key = (std::ptr::from_ref(at.file.storage()).addr(), at.address);
        if let Some(listing) = self.listings.borrow().get(&key) {
            return Ok(Rc::clone(listing));
        }
        let listing = Rc::new(Listing::of(&at.file, at.address)?);
        self.listings.borrow_mut().insert(key, Rc::clone(&listing));
        Ok(listing)
    }

    /// Where a link of the group `at` leads; links of linked files to others are not followed.
    fn target(&self, at: &Node, target: &LinkTarget, n_links: usize) -> Result<Option<Node>, Error> {
        if n_links == MAX_LINKS {
            return Err(Error::InvalidData(format!("a chain of more than {MAX_LINKS} links")));
        }
        match target {
            LinkTarget::Hard { address } => Ok(Some(Node { address: *address, ..at.clone() })),
            LinkTarget::Soft { path } if path.starts_with('/') => {
                let root = Node { address: at.file.root_group()?.address(), ..at.clone() };
                self.walk(root, path, n_links + 1)
            }
            LinkTarget::Soft { path } => self.walk(at.clone(), path, n_links + 1),
            LinkTarget::External { .. } if at.is_linked => Ok(None),
            LinkTarget::External { filename, path } => {
                let file = self.links.follow(filename)?;
                let root = Node { address: file.root_group()?.address(), file, is_linked: true };
                self.walk(root, path, n_links + 1)
            }
        }
    }

    fn walk(&self, from: Node, path: &str, n_links: usize) -> Result<Option<Node>, Error> {
        let mut at = from;
        for name in path.split('/').filter(|name| !name.is_empty() && *name != ".") {
            match self.child(&at, name, n_links)? {
                Some(child) => at = child,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }
}
