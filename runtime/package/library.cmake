# weir_install_library(name): what the two libraries have in common. Hidden visibility; a shared library is named after
# the versions that are compatible (SameMinorVersion while the major one is 0), finds the other beside itself, and its
# symbols are of two nodes: what the headers declare, and what libweir_http takes from libweir of the same version only.
set(WEIR_SOVERSION ${PROJECT_VERSION_MAJOR})
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(WEIR_SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endif()

function(weir_install_library name)
  set_target_properties(${name} PROPERTIES C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON
                                           VERSION ${PROJECT_VERSION} SOVERSION ${WEIR_SOVERSION} INSTALL_RPATH $ORIGIN)
  if(BUILD_SHARED_LIBS)
    set(map ${CMAKE_CURRENT_BINARY_DIR}/weir.map)
    configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/weir.map.in ${map} @ONLY)
    target_compile_definitions(${name} PRIVATE WEIR_SHARED)
    target_link_options(${name} PRIVATE LINKER:--version-script=${map} LINKER:--no-undefined)
    set_target_properties(${name} PROPERTIES LINK_DEPENDS ${map})
  endif()
  install(TARGETS ${name} EXPORT weir)
endfunction()
