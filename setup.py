"""The compiled core: three builds of one C file, each optional, so that no compiler is needed."""

from glob import glob

from setuptools import Extension, setup

FLAGS = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-Wno-psabi", "-pthread"]
BUILDS = {"base": [], "v3": ["-march=x86-64-v3"], "v4": ["-march=x86-64-v4", "-mprefer-vector-width=512"]}

setup(
    ext_modules=[
        Extension(
            f"spectune.training._core_{name}",
            [f"src/spectune/training/core/{name}.c"],
            depends=sorted(glob("src/spectune/training/core/*")),
            extra_compile_args=[*FLAGS, *machine],
            extra_link_args=["-pthread"],
            libraries=["m"],
            optional=True,
        )
        for name, machine in BUILDS.items()
    ]
)
