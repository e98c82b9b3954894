# poft::sentencepiece = poft::poft + Google's SentencePiece (Debian: libsentencepiece-dev), where that is found. Read by our build
# tree and by the installed package alike.
find_path(sentencepiece_include sentencepiece_processor.h)
find_library(sentencepiece_library sentencepiece)
find_library(sentencepiece_train_library sentencepiece_train)
mark_as_advanced(sentencepiece_include sentencepiece_library sentencepiece_train_library)

if(sentencepiece_include AND sentencepiece_library AND NOT TARGET poft::sentencepiece)
  add_library(poft::sentencepiece INTERFACE IMPORTED GLOBAL)
  target_link_libraries(poft::sentencepiece INTERFACE poft::poft ${sentencepiece_library})
  target_include_directories(poft::sentencepiece INTERFACE ${sentencepiece_include})
  target_compile_definitions(poft::sentencepiece INTERFACE POFT_SENTENCEPIECE)
endif()
