"""Makes the HDF5 files of the tests in the folder that is named. Needs h5py 3.16 and hdf5plugin 6; no test runs this."""
import h5py, hdf5plugin as P, numpy as np, sys, os
out = sys.argv[1]
os.makedirs(out, exist_ok=True)
y, x = np.mgrid[:24, :20]
def image(dtype, n=0):
    # smooth enough to be compressed, with all bits in use
    return ((y * 37 + x * x * 5 + n) % 997 * 60).astype(dtype)
noise = np.array([(i * 40503 * 40503 >> 7) % 65521 for i in range(480)], 'u2').reshape(24, 20)
def plugin(f, **more): return dict(compression=f.filter_id, compression_opts=tuple(f.filter_options), **more)
kinds = {
 'lzf': dict(compression='lzf'),
 'lzf_shuffle_fletcher32': dict(compression='lzf', shuffle=True, fletcher32=True),
 'bzip2': plugin(P.BZip2()),
 'zstd': plugin(P.Zstd(clevel=3)),
 'zstd_shuffle': plugin(P.Zstd(clevel=3), shuffle=True),
 'lz4': plugin(P.LZ4()),
 'bitshuffle': plugin(P.Bitshuffle(cname='none')),
 'bitshuffle_lz4': plugin(P.Bitshuffle(cname='lz4')),
 'bitshuffle_lz4_small': plugin(P.Bitshuffle(nelems=64, cname='lz4')),
 'bitshuffle_zstd': plugin(P.Bitshuffle(cname='zstd')),
 'blosc_blosclz': plugin(P.Blosc(cname='blosclz', shuffle=P.Blosc.SHUFFLE)),
 'blosc_lz4': plugin(P.Blosc(cname='lz4', shuffle=P.Blosc.BITSHUFFLE)),
 'blosc_lz4hc': plugin(P.Blosc(cname='lz4hc', shuffle=P.Blosc.NOSHUFFLE)),
 'blosc_zlib': plugin(P.Blosc(cname='zlib', shuffle=P.Blosc.SHUFFLE)),
 'blosc_zstd': plugin(P.Blosc(cname='zstd', shuffle=P.Blosc.BITSHUFFLE)),
 'scaleoffset': dict(scaleoffset=0),
}
with h5py.File(f'{out}/filters.h5', 'w', libver='latest') as f:
    for k, o in kinds.items():
        f.create_dataset(k, data=image('<u2'), chunks=(16, 20), **o)
    for k in ['lzf', 'blosc_lz4', 'bitshuffle_lz4', 'zstd']:
        f.create_dataset(f'{k}_noise', data=noise, chunks=(16, 20), **kinds[k])
    f.create_dataset('lzf_absent', shape=(24, 20), dtype='<u2', chunks=(16, 20), fillvalue=7, compression='lzf')
bad = {'blosc2': P.Blosc2(), 'zfp': P.Zfp(reversible=True)}
with h5py.File(f'{out}/unknown_filters.h5', 'w', libver='latest') as f:
    for k, o in bad.items():
        f.create_dataset(k, data=image('<f4'), chunks=(16, 20), **plugin(o))
with h5py.File(f'{out}/types.h5', 'w', libver='latest') as f:
    labels = h5py.enum_dtype({'background': 0, 'cell': 1, 'edge': -3}, basetype='>i2')
    f.create_dataset('enum_i16_big', data=np.array([-3, 0, 1])[(y + x) % 3], dtype=labels)
    f.create_dataset('enum_two_values', data=(y + x) % 2 * 5, dtype=h5py.enum_dtype({'a': 0, 'b': 5}, basetype='u1'))
    f.create_dataset('enum_u32', data=((y + x) % 4 * 70000).astype('u4'), dtype=h5py.enum_dtype({'a': 0, 'b': 210000}, basetype='<u4'), chunks=(16, 20), compression='gzip')
    f.create_dataset('bool', data=(y + x) % 2 == 1)
    f.create_dataset('half', data=(y + x).astype('f2'))
    f.create_dataset('compound', data=np.zeros((4, 4), dtype=[('x', 'f4'), ('label', 'i4')]))
    f.create_dataset('text', data=np.array([[b'ab', b'c']], 'S2'))
    f.create_dataset('references', shape=(2, 2), dtype=h5py.ref_dtype)
    f.create_dataset('sequences', shape=(2, 2), dtype=h5py.vlen_dtype('i4'))
    f.create_dataset('complex', data=np.zeros((4, 4), 'c8'))
    t = h5py.h5t.STD_I16LE.copy(); t.set_precision(12)
    h5py.h5d.create(f.id, b'twelve_bits', t, h5py.h5s.create_simple((4, 4)))
    t = h5py.h5t.STD_B8LE.copy()
    h5py.h5d.create(f.id, b'bits', t, h5py.h5s.create_simple((4, 4)))
    t = h5py.h5t.IEEE_F32LE.copy(); t.set_fields(15, 7, 8, 0, 7); t.set_size(2); t.set_ebias(127)
    h5py.h5d.create(f.id, b'bfloat16', t, h5py.h5s.create_simple((4, 4)))
os.chdir(out)
with h5py.File('external.h5', 'w', libver='latest') as f:
    f.create_dataset('raw', data=image('<u2'), external=[('external.bin', 0, h5py.h5f.UNLIMITED)])
os.remove('external.bin')
# Virtual datasets; parts are 8 x 10 pixels.
def part(n): return (np.arange(80).reshape(8, 10) + 100 * n).astype('<u2')
with h5py.File('part.h5', 'w', libver='latest') as f:
    for n in range(4):
        f.create_dataset(f'p/{n}', data=part(n), chunks=(4, 5), compression='lzf')
    f['linked'] = h5py.SoftLink('/p/3')
    f.create_dataset('stack', data=np.stack([part(n) for n in range(3)]))
    f.create_dataset('signed', data=part(0).astype('<i2'))
def layout(shape, dtype='<u2'): return h5py.VirtualLayout(shape=shape, dtype=dtype)
def source(name, shape=(8, 10), file='part.h5', dtype='<u2'): return h5py.VirtualSource(file, name, shape=shape, dtype=dtype)
for version in ['earliest', 'latest']:
    with h5py.File(f'virtual_{version}.h5', 'w', libver=version) as f:
        f.create_dataset('own', data=part(9))
        tiles = layout((16, 20))
        for n, name in enumerate(['p/0', 'p/1', 'p/2', 'linked']):
            tiles[n // 2 * 8:n // 2 * 8 + 8, n % 2 * 10:n % 2 * 10 + 10] = source(name)
        f.create_virtual_dataset('tiles', tiles, fillvalue=7)
        slices = layout((4, 8, 10))
        for n in range(3): slices[n] = source(f'p/{n}')
        f.create_virtual_dataset('slices', slices, fillvalue=7)
        every_other = layout((16, 10), dtype='>u2')
        every_other[::2] = source('p/0', dtype='>u2')
        f.create_virtual_dataset('other_order', every_other, fillvalue=258)
        every_other = layout((16, 10))
        every_other[::2] = source('p/0')
        every_other[1:8:2, 3:] = source('stack', shape=(3, 8, 10))[2, ::2, :7]
        f.create_virtual_dataset('steps', every_other, fillvalue=7)
        here = layout((8, 12))
        here[:, 1:11] = h5py.VirtualSource('.', 'own', shape=(8, 10), dtype='<u2')
        f.create_virtual_dataset('here', here)
        gone = layout((8, 30))
        gone[:, :10] = source('p/0')
        gone[:, 10:20] = source('p/0', file='gone.h5')
        gone[:, 20:] = source('p/none')
        f.create_virtual_dataset('gone', gone, fillvalue=7)
        away = layout((8, 10)); away[:] = source('p/0', file='../part.h5')
        f.create_virtual_dataset('away', away)
        typed = layout((8, 10)); typed[:] = source('signed', dtype='<i2')
        f.create_virtual_dataset('typed', typed)
        twice = layout((16, 20)); twice[:] = h5py.VirtualSource('.', 'tiles', shape=(16, 20), dtype='<u2')
        f.create_virtual_dataset('twice', twice)
        if version == 'latest':
            # A recording that goes on: as long as its source, or as many files as there are.
            U = h5py.h5s.UNLIMITED
            space = lambda: h5py.h5s.create_simple((8, 10), (U, 10))
            def virtual(name, target, file, sources):
                plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
                plist.set_virtual(target, file, b'p/0', sources)
                h5py.h5d.create(f.id, name, h5py.h5t.STD_U16LE, space(), plist)
            growing = space()
            growing.select_hyperslab((0, 0), (1, 1), block=(U, 10))
            virtual(b'unlimited', growing, b'part.h5', growing)
            numbered = space()
            numbered.select_hyperslab((0, 0), (U, 1), stride=(8, 10), block=(8, 10))
            virtual(b'numbered', numbered, b'part%b.h5', h5py.h5s.create_simple((8, 10)))
# Chunks that stick out of the dataset are stored as they are; h5py has no name for it.
import ctypes, glob
def bare_edges(plist):
    library = ctypes.CDLL(glob.glob(f'{os.path.dirname(h5py.__file__)}/../h5py.libs/libhdf5-*.so*')[0])
    library.H5Pset_chunk_opts.argtypes = [ctypes.c_int64, ctypes.c_uint]
    assert library.H5Pset_chunk_opts(plist.id, 2) >= 0
with h5py.File('bare_edges.h5', 'w', libver='latest') as f:
    for name, chunks, filters in [('gzip', (16, 20), 'z'), ('shuffle', (16, 20), 's'), ('whole', (8, 20), 'sz'), ('none', (16, 20), '')]:
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk(chunks)
        if 's' in filters: plist.set_shuffle()
        if 'z' in filters: plist.set_deflate(4)
        bare_edges(plist)
        d = h5py.h5d.create(f.id, name.encode(), h5py.h5t.STD_U16LE, h5py.h5s.create_simple((24, 20)), plist)
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, image('<u2'))
# Virtual datasets that name their axes, and one of a source in large chunks after one in small ones.
with h5py.File('mixed_part.h5', 'w', libver='latest') as f:
    for n, chunks in enumerate([(1, 8, 5), (2, 4, 10), (2, 8, 10)]):
        f.create_dataset(f'{n}', data=np.stack([part(n), part(n + 10)]), chunks=chunks, compression='gzip')
for version in ['earliest', 'latest']:
    with h5py.File(f'virtual_axes_{version}.h5', 'w', libver=version) as f:
        stack = layout((6, 8, 10))
        for n in range(3): stack[2 * n:2 * n + 2] = source(f'{n}', shape=(2, 8, 10), file='mixed_part.h5')
        labels = f.create_virtual_dataset('labels', stack, fillvalue=7)
        for n, name in enumerate('tyx'): labels.dims[n].label = name
        tags = f.create_virtual_dataset('tags', stack, fillvalue=7)
        tags.attrs['axistags'] = '{"axes": [{"key": "z"}, {"key": "y"}, {"key": "x"}]}'
        fixed = f.create_virtual_dataset('fixed', stack, fillvalue=7)
        fixed.attrs['axistags'] = np.bytes_('{"axes": [{"key": "c"}, {"key": "y"}, {"key": "x"}]}')
        f.create_virtual_dataset('silent', stack, fillvalue=7)
        lost = layout((8, 20))
        for n in range(2): lost[:, 10 * n:10 * n + 10] = source(f'p/{n}', file='gone.h5')
        f.create_virtual_dataset('lost', lost, fillvalue=7)
