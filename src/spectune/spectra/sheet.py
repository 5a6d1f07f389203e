"""placeholder."""
from spectune.spectra.signal import guess_signal as guess_signal
