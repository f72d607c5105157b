//! Fax compression: rows of black and white runs become rows of bits.

use fax::decoder::{DecodeStatus, Group3Decoder, Group4Decoder};

use super::codec_error::{CodecError, ends_early};

/// Rows whose runs are coded one by one.
pub(super) fn decode_fax3(bytes: &[u8], width: usize, out: &mut [u8]) -> Result<(), CodecError> {
    let mut decoder = Group3Decoder::new(infallible(bytes)).map_err(|_| "there is no end of a line")?;
    let rows = width.div_ceil(8);
    let n_bytes = out.len();
    let n_rows = n_bytes / rows.max(1);
    for (row_idx, row) in out.chunks_exact_mut(rows).enumerate() {
        let status = decoder.advance();
        status.map_err(|_| ends_early(row_idx * rows, n_bytes))?;
        check_runs(decoder.transitions(), width, row_idx, row_idx + 1 == n_rows)?;
        draw(decoder.transitions(), width, row);
    }
    Ok(())
}

/// Rows that are coded by what changes from one to the next.
pub(super) fn decode_fax4(bytes: &[u8], width: usize, out: &mut [u8]) -> Result<(), CodecError> {
    let narrow = u16::try_from(width)?;
    let mut decoder = Group4Decoder::new(infallible(bytes), narrow)
        .map_err(|_: std::convert::Infallible| "there are no bytes")?;
    let rows = width.div_ceil(8);
    let n_bytes = out.len();
    for (row_idx, row) in out.chunks_exact_mut(rows).enumerate() {
        match decoder.advance() {
            Ok(DecodeStatus::Incomplete) => {
                check_order(decoder.transition(), width, row_idx)?;
                draw(decoder.transition(), width, row);
            }
            _ => return Err(ends_early(row_idx * rows, n_bytes)),
        }
    }
    Ok(())
}

fn infallible(bytes: &[u8]) -> impl Iterator<Item = Result<u8, std::convert::Infallible>> + '_ {
    bytes.iter().copied().map(Ok)
}

/// The runs of a row that codes them one by one have to fill it; the last run of the last row is lost where the stream
/// ends with it, and goes on to the border.
fn check_runs(ends: &[u16], width: usize, row_idx: usize, is_last: bool) -> Result<(), CodecError> {
    let got = ends.last().copied().map_or(0, usize::from);
    if got == width || (is_last && got < width) {
        return Ok(());
    }
    Err(format!("got runs of {got} pixels in row {row_idx}, expected {width}").into())
}

/// Where colours change in a row that is coded by changes; the last run goes on to the border.
fn check_order(ends: &[u16], width: usize, row_idx: usize) -> Result<(), CodecError> {
    let is_inside = ends.iter().all(|&end| usize::from(end) <= width);
    if is_inside && ends.is_sorted() {
        return Ok(());
    }
    let row = format!("row {row_idx}");
    Err(format!("got changes of colour at {ends:?} in {row}, expected ascending ones up to {width}").into())
}

/// Sets the bits of black runs; `ends` are where runs end, white first.
fn draw(ends: &[u16], width: usize, row: &mut [u8]) {
    row.fill(0);
    for run in ends.chunks(2) {
        let start = usize::from(run[0]);
        let end = run.get(1).map_or(width, |&end| usize::from(end).min(width));
        for x in start..end {
            row[x / 8] |= 0x80 >> (x % 8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_runs_are_ones() {
        let mut row = [0xff; 2];
        draw(&[3, 5, 9], 11, &mut row);
        assert_eq!(row, [0b0001_1000, 0b0110_0000]);
    }

    #[test]
    fn runs_have_to_fill_a_row() {
        assert!(check_runs(&[3, 5, 11], 11, 0, false).is_ok());
        for ends in [&[3, 5, 10][..], &[3, 12], &[]] {
            assert!(
                check_runs(ends, 11, 7, false).unwrap_err().to_string().contains("in row 7, expected 11")
            );
        }
        assert!(check_runs(&[3, 5], 11, 7, true).is_ok() && check_runs(&[3, 12], 11, 7, true).is_err());
        assert!(check_order(&[3, 5], 11, 0).is_ok() && check_order(&[], 11, 0).is_ok());
        assert!(check_order(&[5, 3], 11, 0).is_err() && check_order(&[3, 12], 11, 0).is_err());
    }
}
