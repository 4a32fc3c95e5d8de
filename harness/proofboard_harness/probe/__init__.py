"""Debug probes: pyOCD, and the probe plug-in that bridges it to a simulator's GDB stub.

pyOCD loads our plug-in in the middle of being imported. So pyOCD comes first here, whole: otherwise a module of this
package that was the first to import it would be asked for by the plug-in while still half imported itself.
"""

import pyocd as pyocd
