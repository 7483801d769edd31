# Pictures in a browser, where there is one.
vf_python_test(render render render/render.py $<TARGET_FILE:vramfit_cli>)
