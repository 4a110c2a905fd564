# ring3_add_driver(<name> <source>... [OUTPUT <file>] [OPTIONS <option>...] [INCLUDE_DIRECTORIES <folder>...]
#                  [DEFINITIONS <name[=value]>...] [NO_MISSING])
#   Builds <name>.sys with ring3-cc, in CMAKE_RUNTIME_OUTPUT_DIRECTORY or else ./bin. NO_MISSING makes a DDI that Ring3 lacks an error.
# ring3_add_application(<name> <source>... [the same options])
#   Builds the application <name>.
#
# Each makes a target <name>, built by default, whose property RING3_FILE is the file. Options go to every compilation and to
# the link, sanitizers (-fsanitize=address) among them. RING3_CC is the program; find_package(Ring3) sets it.

function(ring3_compile_ name product)
  cmake_policy(SET CMP0116 NEW)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "NO_MISSING" "OUTPUT" "OPTIONS;INCLUDE_DIRECTORIES;DEFINITIONS")
  set(sources ${ARG_UNPARSED_ARGUMENTS})
  if(NOT sources)
    message(FATAL_ERROR "${name} has no sources")
  endif()
  set(flags ${ARG_OPTIONS})
  # Not beside the target's own name, which build systems know as a file.
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/bin)
  if(CMAKE_RUNTIME_OUTPUT_DIRECTORY)
    set(folder ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
  endif()
  if(product STREQUAL "application")
    list(PREPEND flags --app)
    set(file ${folder}/${name})
  else()
    set(file ${folder}/${name}.sys)
  endif()
  if(ARG_OUTPUT)
    get_filename_component(file ${ARG_OUTPUT} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_BINARY_DIR})
  endif()
  set(preprocessing)
  foreach(folder ${ARG_INCLUDE_DIRECTORIES})
    get_filename_component(folder ${folder} ABSOLUTE)
    list(APPEND preprocessing -I${folder})
  endforeach()
  foreach(definition ${ARG_DEFINITIONS})
    list(APPEND preprocessing -D${definition})
  endforeach()

  set(objects)
  foreach(source ${sources})
    get_filename_component(path ${source} ABSOLUTE)
    string(MAKE_C_IDENTIFIER ${source} object)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.ring3/${object}.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/${name}.ring3
      COMMAND ${RING3_CC} ${flags} ${preprocessing} -MD -MF ${object}.d -MT ${object} -c -o ${object} ${path}
      DEPENDS ${path} ${RING3_CC_DEPENDS} DEPFILE ${object}.d
      COMMENT "Compiling ${source} for Windows" VERBATIM COMMAND_EXPAND_LISTS)
    list(APPEND objects ${object})
  endforeach()
  set(link_flags ${flags})
  if(ARG_NO_MISSING)
    list(APPEND link_flags --no-missing)
  endif()
  get_filename_component(file_folder ${file} DIRECTORY)
  add_custom_command(OUTPUT ${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${file_folder}
    COMMAND ${RING3_CC} ${link_flags} -o ${file} ${objects}
    DEPENDS ${objects} ${RING3_CC_DEPENDS} ${RING3_LIBRARY_DEPENDS}
    COMMENT "Linking the ${product} ${name}" VERBATIM COMMAND_EXPAND_LISTS)
  add_custom_target(${name} ALL DEPENDS ${file})
  set_target_properties(${name} PROPERTIES RING3_FILE ${file})
endfunction()

function(ring3_add_driver name)
  ring3_compile_(${name} driver ${ARGN})
endfunction()

function(ring3_add_application name)
  ring3_compile_(${name} application ${ARGN})
endfunction()
