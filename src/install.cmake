# Installation: library, headers, program, find_package(vramfit) and pkg-config.
