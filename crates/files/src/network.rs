//! Which files lie behind a network, where a share that goes away would end a process that has mapped them.

use std::fs::File;

/// The numbers of file systems that other machines or other programs provide, as `statfs` tells them on Linux.
const PROVIDED: [u64; 24] = [
    0x6969,      // NFS
    0x517b,      // SMB
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB 2
    0x6573_5546, // FUSE: sshfs, Gluster, S3 and others
    0x0102_1997, // 9P
    0x5346_414f, // AFS
    0x6b41_4653, // AFS of the kernel
    0x7375_7245, // Coda
    0x564c,      // NCP
    0x00c3_6400, // Ceph
    0x0bd0_0bd0, // Lustre
    0x4750_4653, // GPFS
    0x7461_636f, // OCFS2
    0x0116_1970, // GFS2
    0xaad7_aaea, // PanFS
    0x1983_0326, // BeeGFS
    0x2003_0528, // OrangeFS
    0x6163_6673, // ACFS
    0x0131_11a8, // IBRIX
    0xbeef_dead, // StorNext
    0x786f_4256, // shared folders of VirtualBox
    0xbacb_acbc, // shared folders of VMware
    0x7c7c_6673, // shared folders of Parallels
];

/// Whether an open file or folder is provided by another machine or program, which may go away; only Linux tells.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// // Whatever the answer is here, what is on this disk has the same one.
/// let file = tempfile::tempfile_in(folder.path())?;
/// let folder = std::fs::File::open(folder.path())?;
/// assert_eq!(patchweave_files::is_behind_network(&file), patchweave_files::is_behind_network(&folder));
/// # Ok::<(), std::io::Error>(())
/// ```
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn is_behind_network(file: &File) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|found| is_provided(number_of(found.f_type)))
}

/// Whether an open file or folder is provided by another machine or program, which only Linux tells.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn is_behind_network(_: &File) -> bool {
    false
}

/// The number of a file system, which has 32 bits and comes with the sign of what it is kept in.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn number_of(found: impl Into<i64>) -> u64 {
    found.into().cast_unsigned() & u64::from(u32::MAX)
}

fn is_provided(file_system: u64) -> bool {
    PROVIDED.contains(&file_system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_are_told_from_shares() {
        // ext4, XFS, Btrfs, tmpfs, overlayfs, ZFS
        for disk in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert!(!is_provided(disk), "{disk:x}");
        }
        assert!(is_provided(0x6969) && is_provided(0xff53_4d42) && is_provided(0x6573_5546));
        // As machines of 32 bits tell it.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        assert!(is_provided(number_of(0xff53_4d42_u32.cast_signed())));
        let mut once = PROVIDED.to_vec();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), PROVIDED.len());
    }
}
