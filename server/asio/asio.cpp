// The compiled part of Boost.Asio, once for the whole program (BOOST_ASIO_SEPARATE_COMPILATION).
// Its TLS part and Beast stand in server/http, their only user.

#include <boost/asio/impl/src.hpp>
