"""What goes wrong when an npz file is read that is none, or another one."""

import zipfile
import zlib

# What np.load raises, and a missing or misshapen array in the file.
NOT_NPZ = (
    AttributeError,
    EOFError,
    KeyError,
    NotImplementedError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
